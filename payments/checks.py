"""A check of payments' own: which gateway moves the money."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info

from common import brand
from payments.conf import DEMO_GATEWAY


def demo_gateway(**_: Any) -> Iterator[CheckMessage]:
    """Say that no money moves. No warning: this gateway takes test cards only."""
    if settings.GATEWAY == DEMO_GATEWAY and not settings.DEMO:
        yield Info("the demo gateway moves no money", id=f"{brand.NAME}.I006")
