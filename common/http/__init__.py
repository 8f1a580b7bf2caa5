"""What the web processes share: the server, the way in, and the chain of a request."""

from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from common.http.entrance import Entrance


def get_application() -> "Entrance":
    """Return the ASGI application of the project that DJANGO_SETTINGS_MODULE names.

    Takes the place of Django's `get_asgi_application`.
    """
    django.setup(set_prefix=False)
    from common.http.entrance import Entrance  # needs the settings

    return Entrance()
