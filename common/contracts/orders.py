"""What orders answers: the outcome of an order, and wake-ups for its orchestrator."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.rpc.contract import Done, Reply, Request
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
LONGEST_DEADLINE = timedelta(hours=12)
"""No order has more time (ORDER_DEADLINE_SECONDS)."""
CLOCKS_DIFFER = timedelta(hours=1)
"""What is derived from times leaves so much room for a wrong clock."""
LEAST_KEPT = LONGEST_DEADLINE + CLOCKS_DIFFER
"""How long a service remembers at least that it is too late for an order's step."""
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
