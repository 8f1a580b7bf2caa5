"""`seed`: put the demo's data into a project's database."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Runs `seed()` of every project that lives here; running it again is harmless."""

    help = "Fill the database with the demo's products and people."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed, unless this is production."""
        if not settings.DEMO:
            raise CommandError("MODE=production: seed is for the demo only")
        for name in settings.LIVING_HERE:
            self.stdout.write(f"{name}: {import_module(f'{name}.seeding').seed()}")
