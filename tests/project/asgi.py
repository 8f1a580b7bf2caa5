"""The ASGI application of the tests' project."""

import os

from common.http import get_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.project.settings")
application = get_application()
