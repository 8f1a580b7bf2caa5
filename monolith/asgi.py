"""The monolith's ASGI application."""

import os

from django.core.asgi import get_asgi_application

from common.web import on_the_process_loop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")
application = on_the_process_loop(get_asgi_application())
