"""Django's entry for the orders app."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Orders, their lines and their history."""

    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell of orders that change, from now on."""
        from orders import notices

        notices.begin()
