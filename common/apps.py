"""The app that brings the commands `serve`, `work` and `seed` to every project."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    """Commands only: no models."""

    name = "common"
