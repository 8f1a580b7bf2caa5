"""What orders answers: the outcome of an order, and wake-ups for its orchestrator."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.contracts.money import Currency
from common.contracts.values import (
    Count,
    Limit,
    Moment,
    Number,
    OrderIds,
    State,
    expect_facts,
)
from common.rpc.contract import Done, Reply, Request, Value
from common.rpc.errors import Refused

ENDED = frozenset({"confirmed", "rejected", "cancelled", "expired"})
TRANSITIONS: frozenset[tuple[str, str]] = frozenset(
    {
        ("", "placed"),
        ("placed", "confirmed"),
        ("placed", "compensating"),
        ("confirmed", "compensating"),
        ("compensating", "rejected"),
        ("compensating", "cancelled"),
        ("compensating", "expired"),
    }
)
"""Every status transition of an order; an order is made by the first one."""
STATUS = "|".join(sorted({end for _, end in TRANSITIONS}))
Status = Annotated[str, msgspec.Meta(max_length=12, pattern=rf"^({STATUS})\Z")]


@dataclass(kw_only=True, eq=False)
class UnknownOrder(Refused):
    """Orders has no such order."""

    title: ClassVar[str] = "Unknown order"


class RunOrder(Request[Done], frozen=True, kw_only=True):
    """Take an order as far as it will go now. Only a wake-up: losing it costs time."""

    timeout = 30.0

    order_id: UUID


class OrderOutcome(Reply, frozen=True, kw_only=True):
    """Where an order stands: a status in `TRANSITIONS`."""

    status: Status


class GetOrderOutcome(Request[OrderOutcome], frozen=True, kw_only=True):
    """Ask the source of truth what became of an order."""

    refuses = (UnknownOrder,)

    order_id: UUID


class NoteRefundFailed(Request[Done], frozen=True, kw_only=True):
    """Note that refund number `refund` failed after it had been reported done."""

    refuses = (UnknownOrder,)

    order_id: UUID
    refund: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class OrderTransition(Value, frozen=True, kw_only=True):
    """One recorded change of an order's status; `start` is empty for its birth."""

    start: State
    end: State


class OrderFacts(Value, frozen=True, kw_only=True):
    """What orders knows of one order."""

    order_id: UUID
    status: Status
    total: Count | None
    currency: Currency | None
    quantity: Number
    needs_attention: bool
    deadline: Moment
    overdue: bool
    """Not ended although its deadline passed more than the audit's T ago."""
    transitions: Annotated[tuple[OrderTransition, ...], msgspec.Meta(max_length=100)]
    attempts: Count
    """Counts how often the order was taken up: it changes whenever the row does."""


class OrdersFound(Reply, frozen=True, kw_only=True):
    """Facts on orders in id order; `next` continues a listing."""

    orders: Annotated[tuple[OrderFacts, ...], msgspec.Meta(max_length=200)]
    next: UUID | None


class AuditOrders(Request[OrdersFound], frozen=True, kw_only=True):
    """Report orders: the given ones, or all in id order behind `after`."""

    timeout = 10.0

    order_ids: OrderIds | None = None
    after: UUID | None = None
    limit: Limit = 100
    grace_seconds: Annotated[float, msgspec.Meta(ge=0, le=10**7)] = 30.0

    def check(self, answer: Reply | Refused) -> None:
        """Facts on orders that were asked about, each once."""
        if isinstance(answer, OrdersFound):
            expect_facts(self, answer.orders, answer.next)
