"""Django's entry for the payments app."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from payments import checks


class PaymentsConfig(AppConfig):
    """Cards, charges, their ledger and the demo gateway's books."""

    name = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have `check --deploy` tell of the demo gateway."""
        register(checks.demo_gateway, Tags.security, deploy=True)
