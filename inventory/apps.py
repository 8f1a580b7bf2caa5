"""Django's entry for the inventory app."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """Products, stock and what is set aside for orders."""

    name = "inventory"
    default_auto_field = "django.db.models.BigAutoField"
