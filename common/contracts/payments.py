"""What payments answers: charges and refunds of cards it keeps as tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.contract import Done, Reply, Request
from common.contracts.inventory import Currency
from common.errors import Refused

Amount = Annotated[int, msgspec.Meta(ge=1, le=10**15)]


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An amount in the currency's minor unit (cents), never a float."""

    amount: Amount
    currency: Currency


@dataclass(kw_only=True, eq=False)
class CardDeclined(Refused):
    """The card's bank said no, or the card token is unknown; nothing was charged."""

    title: ClassVar[str] = "The card was declined"
    code: str
    """A decline code as Stripe publishes them, or `unknown_card`."""
    message: str

    def detail(self) -> str:
        """Say what the customer may know."""
        return self.message


@dataclass(kw_only=True, eq=False)
class ChargeUndone(Refused):
    """The order's charge was refunded or voided before, and stays so."""

    title: ClassVar[str] = "The charge was undone"


@dataclass(kw_only=True, eq=False)
class TooLateToCharge(Refused):
    """The order's deadline had passed when the work would have begun."""

    title: ClassVar[str] = "Too late to charge"


@dataclass(kw_only=True, eq=False)
class NotInDemoMode(Refused):
    """Faults can only be set on the demo gateway, in demo mode."""

    title: ClassVar[str] = "Only in demo mode"


class CardCharged(Reply, frozen=True, kw_only=True):
    """The card was charged with this amount, now or earlier."""

    charged: Money


class ChargeCard(Request[CardCharged], frozen=True, kw_only=True):
    """Charge an order's total to a card. Repeating it charges nothing more."""

    refuses = (CardDeclined, ChargeUndone, TooLateToCharge)
    timeout = 3.0

    order_id: UUID
    total: Money
    card_token: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    deadline: datetime


class RefundCharge(Request[Done], frozen=True, kw_only=True):
    """Pay back what the order was charged, and refuse it charges ever after."""

    timeout = 3.0
    undo = True

    order_id: UUID


class SetGatewayFaults(Request[Done], frozen=True, kw_only=True):
    """Make the demo gateway slow or unreliable; the defaults make it well again."""

    refuses = (NotInDemoMode,)

    latency_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    """How long every call takes."""
    timeout_before: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """The share of calls that time out and were not carried out."""
    timeout_after: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """The share of calls that time out although they were carried out."""
    refuse_refunds: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """The share of new refunds that are refused for good."""


class ChargeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What payments knows of one order."""

    order_id: UUID
    state: str
    amount: int
    currency: str
    net: int
    """Charges less refunds in the ledger."""
    charges: int
    """How many charge entries the ledger has."""
    failed_refunds: int
    """How many refunds failed after they had been reported done."""
    opened_at: datetime
    deadline: datetime | None


class ChargesFound(Reply, frozen=True, kw_only=True):
    """Facts on the orders that payments knows; `next` continues a listing."""

    charges: tuple[ChargeFacts, ...]
    next: UUID | None


class AuditCharges(Request[ChargesFound], frozen=True, kw_only=True):
    """Report charges: of the given orders, or all in id order behind `after`."""

    timeout = 10.0

    order_ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=200)] | None = None
    after: UUID | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100
