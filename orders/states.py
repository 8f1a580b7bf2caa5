"""The status transitions of an order that only orders knows of.

The others are those of every saga (`common/saga/transitions.py`). All of them are the
table "Orders" of docs/protocol.md; the contracts list them, since others may rely on
them.
"""

import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

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


@retried_transaction
def confirm(order_id: UUID) -> bool:
    """placed → confirmed; only after inventory's yes to FinaliseInventory."""
    started = time.perf_counter()
    confirmed = transitions.change(
        Order, order_id, Status.PLACED, Status.CONFIRMED, confirmed_at=clock.now()
    )
    if confirmed:
        history.write_local(Order, order_id, "finalise order", started)
    return confirmed


@retried_transaction
def cancel(order_id: UUID) -> bool:
    """placed or confirmed → compensating(cancelled): the customer or staff ask for it.

    A confirmed order is cancelled only within the window (CANCEL_WINDOW_SECONDS).
    """
    window = timedelta(seconds=settings.CANCEL_WINDOW)
    in_window = Q(confirmed_at__gt=clock.now() - window)
    return _cancel(order_id, Status.PLACED) or _cancel(
        order_id, Status.CONFIRMED, in_window
    )


def _cancel(order_id: UUID, start: Status, condition: Q | None = None) -> bool:
    return transitions.compensate(
        Order, order_id, start, Status.CANCELLED, CANCELLED_BY_CUSTOMER, condition
    )
