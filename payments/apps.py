"""Django's entry for the payments app."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Cards, charges, their ledger and the demo gateway's books."""

    name = "payments"
    default_auto_field = "django.db.models.BigAutoField"
