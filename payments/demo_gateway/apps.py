"""Django's entry for the demo gateway."""

from django.apps import AppConfig


class DemoGatewayConfig(AppConfig):
    """The books and the faults of the demo gateway."""

    name = "payments.demo_gateway"
    label = "demo_gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have payments' workers answer SetGatewayFaults."""
        from payments.demo_gateway import handlers  # noqa: F401 it registers itself
