"""Inventory's ASGI application."""

import os

from common.http import get_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inventory.settings")
application = get_application()
