"""Payments's ASGI application."""

import os

from common.http import get_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments.settings")
application = get_application()
