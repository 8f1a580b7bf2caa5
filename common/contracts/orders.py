"""What orders answers: the outcome of an order, and wake-ups for its runner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.contract import Done, Reply, Request
from common.errors import Refused

ENDED = frozenset({"confirmed", "rejected", "cancelled", "expired"})
MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        ("", "placed"),
        ("placed", "confirmed"),
        ("placed", "undoing"),
        ("confirmed", "undoing"),
        ("undoing", "rejected"),
        ("undoing", "cancelled"),
        ("undoing", "expired"),
    }
)
"""Every move that an order's status may make; an order is born by the first one."""


@dataclass(kw_only=True, eq=False)
class UnknownOrder(Refused):
    """Orders has no such order."""

    title: ClassVar[str] = "Unknown order"


class RunOrder(Request[Done], frozen=True, kw_only=True):
    """Take an order as far as it will go now. Only a wake-up: losing it costs time."""

    timeout = 30.0

    order_id: UUID


class OrderOutcome(Reply, frozen=True, kw_only=True):
    """Where an order stands: a status in `MOVES`."""

    status: str


class GetOrderOutcome(Request[OrderOutcome], frozen=True, kw_only=True):
    """Ask the source of truth what became of an order."""

    refuses = (UnknownOrder,)

    order_id: UUID


class NoteRefundFailed(Request[Done], frozen=True, kw_only=True):
    """Note that refund number `refund` failed after it had been reported done."""

    refuses = (UnknownOrder,)

    order_id: UUID
    refund: Annotated[int, msgspec.Meta(ge=1)]


class OrderMove(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded change of an order's status; `start` is empty for its birth."""

    start: str
    end: str


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What orders knows of one order."""

    order_id: UUID
    status: str
    total: int | None
    currency: str | None
    quantity: int
    needs_attention: bool
    deadline: datetime
    overdue: bool
    """Not ended although its deadline passed more than the audit's T ago."""
    moves: tuple[OrderMove, ...]
    runs: int
    """Counts how often a runner took the order up: it changes whenever the row does."""


class OrdersFound(Reply, frozen=True, kw_only=True):
    """Facts on orders in id order; `next` continues a listing."""

    orders: tuple[OrderFacts, ...]
    next: UUID | None


class AuditOrders(Request[OrdersFound], frozen=True, kw_only=True):
    """Report orders: the given ones, or all in id order behind `after`."""

    timeout = 10.0

    order_ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=200)] | None = None
    after: UUID | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100
    grace_seconds: Annotated[float, msgspec.Meta(ge=0)] = 30.0
