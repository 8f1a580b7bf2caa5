"""The card gateway: a Protocol of five calls. docs/gateway.md tells how to write one.

PAYMENTS_GATEWAY names the class; `payments/demo_gateway/` is the one of the demo.
"""

from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


class GatewayTimeout(Exception):
    """The gateway did not answer: it may or may not have done what it was asked."""


class CardNotAccepted(Exception):
    """The gateway takes no such card; `field` names what is wrong with it, and why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field
        self.why = why


@dataclass(frozen=True)
class PaymentMethod:
    """A card as the gateway knows it. `id` opens nothing for anybody else."""

    id: str
    brand: str
    last4: str


@dataclass(frozen=True)
class Approved:
    """The money moved, now or under the same key before."""


@dataclass(frozen=True)
class Declined:
    """The gateway said no for good; `code` is one of Stripe's decline codes."""

    code: str


class Gateway(Protocol):
    """What payments needs of a gateway.

    Every call answers, or raises GatewayTimeout, within some seconds: its client sets
    a time limit. A repeated key repeats the first answer and moves no money. A gateway
    may forget a key after `keys_live_for` seconds.
    """

    keys_live_for: float

    async def add_card(
        self, *, number: str, exp_month: int, exp_year: int, cvc: str
    ) -> PaymentMethod:
        """Give a card to the gateway. Raises CardNotAccepted.

        `number` is 12 to 19 digits and `cvc` 3 or 4; the card is not out of date.
        """

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
