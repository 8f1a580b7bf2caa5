"""The card gateway: a small Protocol, and a demo gateway that keeps it.

To use a real one, implement `Gateway` and name the class in PAYMENTS_GATEWAY.
"""

from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


class GatewayTimeout(Exception):
    """The gateway did not answer: it may or may not have done what it was asked."""


@dataclass(frozen=True)
class Approved:
    """The money moved, now or under the same key before."""


@dataclass(frozen=True)
class Declined:
    """The gateway said no for good; `code` is one of Stripe's decline codes."""

    code: str


class Gateway(Protocol):
    """What payments needs of a gateway. Every call may raise GatewayTimeout.

    A repeated key repeats the first answer and moves no money. A gateway may forget a
    key after `keys_live_for` seconds.
    """

    keys_live_for: float

    async def charge(
        self, *, key: str, order_id: UUID, amount: int, currency: str, method: str
    ) -> Approved | Declined:
        """Charge a payment method."""

    async def refund(
        self, *, key: str, order_id: UUID, amount: int, currency: str
    ) -> Approved | Declined:
        """Pay an order's charge back; "already refunded" is approved."""

    async def find_charge(self, *, order_id: UUID) -> Approved | Declined | None:
        """Look a charge up without its key; None if the gateway never saw one."""

    async def refund_stands(self, *, key: str) -> bool:
        """Tell whether an approved refund still stands: some fail days later."""


@cache
def gateway() -> Gateway:
    """Return the gateway that the settings name."""
    return cast(Gateway, import_string(settings.GATEWAY)())
