"""The app that brings the commands `serve`, `work` and `seed` to every project."""

from django.apps import AppConfig
from django.conf import settings

from common import brand
from common.conf import checks


class CommonConfig(AppConfig):
    """Commands only: no models."""

    name = "common"

    def ready(self) -> None:
        """Check the settings, register our checks, and give the admin its title.

        Raises ImproperlyConfigured, naming the settings that are missing.
        """
        from django.contrib import admin  # needs the app registry

        checks.require_settings()
        checks.register_all()
        admin.site.site_header = admin.site.site_title = brand.title(settings.SERVICE)
