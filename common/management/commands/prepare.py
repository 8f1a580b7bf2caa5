"""`prepare`: what has to be done to a database before this version may use it."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Migrates, and in the demo seeds; running it again is harmless."""

    help = "Migrate the database and, in demo mode, seed it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do both."""
        call_command("migrate", verbosity=1)
        if settings.DEMO:
            call_command("seed")
