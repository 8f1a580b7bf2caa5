"""The app that brings the commands `serve`, `work` and `seed` to every project."""

from django.apps import AppConfig
from django.conf import settings

from common.conf import checks


class CommonConfig(AppConfig):
    """Commands only: no models."""

    name = "common"

    def ready(self) -> None:
        """Register our checks, and tell the admins of the three projects apart."""
        from django.contrib import admin  # needs the app registry

        checks.register_all()
        admin.site.site_header = admin.site.site_title = f"Cutpoints {settings.SERVICE}"
