"""The status transitions of an order that only orders knows of.

The others are those of every saga (`common/saga/transitions.py`). All of them are the
table "Orders" of docs/protocol.md; the contracts list them, since others may rely on
them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from common import clock
from common.database import retried_transaction
from common.rpc.errors import problem_type
from common.saga import history, transitions
from orders.models import Order, Status

CANCELLED_BY_CUSTOMER = {
    "type": problem_type("CancelledByCustomer"),
    "title": "Cancelled",
    "detail": "the customer cancelled the order",
}


@dataclass(frozen=True)
class Finalised:
    """An order whose stock inventory has finalised, and the attempts until then."""

    order_id: UUID
    attempts: history.Pass | None = None


@retried_transaction
def confirm(orders: Sequence[Finalised]) -> list[bool]:
    """placed → confirmed; only after inventory's yes to FinaliseInventory."""
    confirmed = transitions.change(
        Order,
        {one.order_id: one.attempts for one in orders},
        Status.PLACED,
        Status.CONFIRMED,
        step="finalise order",
        confirmed_at=clock.now(),
    )
    return [one.order_id in confirmed for one in orders]


@retried_transaction
def cancel(order_id: UUID) -> bool:
    """placed or confirmed → compensating(cancelled): the customer or staff ask for it.

    A confirmed order is cancelled only within the window (CANCEL_WINDOW_SECONDS).
    """
    window = timedelta(seconds=settings.CANCEL_WINDOW)
    in_window = "confirmed_at >", clock.now() - window
    return _cancel(order_id, Status.PLACED) or _cancel(
        order_id, Status.CONFIRMED, in_window
    )


def _cancel(
    order_id: UUID, start: Status, condition: transitions.Condition | None = None
) -> bool:
    return transitions.compensate(
        Order, order_id, start, Status.CANCELLED, CANCELLED_BY_CUSTOMER, condition
    )
