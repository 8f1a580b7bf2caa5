"""A check of payments' own: which gateway moves the money."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info

from common import brand

DEMO_GATEWAY = "payments.gateway.demo.DemoGateway"


def demo_gateway(**_: Any) -> Iterator[CheckMessage]:
    """Say that no money moves. No warning: the vault takes test cards only."""
    if settings.GATEWAY == DEMO_GATEWAY and not settings.DEMO:
        yield Info("the demo gateway moves no money", id=f"{brand.NAME}.I006")
