"""The sweeper of holds: nothing is released without the word of the source of truth."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from django.db.models import QuerySet

from common import clock
from common.contracts.orders import GetOrderOutcome, OrderOutcome, UnknownOrder
from common.database import in_db_thread
from common.ops.outage import described
from common.rpc.errors import ServiceError
from common.saga.sweeper import Sweeper
from inventory import stock
from inventory.models import Allocation, AllocationState

log = structlog.get_logger(__name__)

IRREVOCABLE = frozenset({"compensating", "rejected", "cancelled", "expired"})
"""Statuses from which no order is ever confirmed: a stale answer is harmless."""
ASK_AGAIN_AFTER = 5.0
"""Seconds until an overdue hold that had to be kept is asked about again."""
LONGEST_PAUSE = 3600.0
"""Of a hold of an unknown order; its pause is as long as it is overdue already."""

Call = Callable[[GetOrderOutcome], Awaitable[OrderOutcome]]


async def sweep(call: Call) -> None:
    """Release each overdue hold whose order is irrevocably lost; keep the others.

    An order that orders does not know is kept too, and flagged for a person: that is
    logged once, and orders is asked ever more seldom.
    """
    await HOLDS.sweep(call)


async def _release_if_lost(order_id: UUID, call: Call) -> None:
    try:
        outcome = await call(GetOrderOutcome(order_id=order_id))
    except UnknownOrder:
        if await in_db_thread(_flag, order_id):
            log.warning("hold of an unknown order", order_id=str(order_id))
    except ServiceError as error:
        log.info("no outcome", order_id=str(order_id), error=described(error))
    else:
        if outcome.status in IRREVOCABLE:
            await in_db_thread(stock.release_overdue_hold, order_id=order_id)


def _overdue() -> QuerySet[Allocation]:
    return Allocation.objects.filter(
        state=AllocationState.HELD, expires_at__lte=clock.now()
    )


def _flag(order_id: UUID) -> bool:
    """Flag a hold, and have it wait; return whether it was not flagged before."""
    holds = Allocation.objects.filter(order_id=order_id, state=AllocationState.HELD)
    hold = holds.first()
    if hold and hold.deadline:
        overdue = (clock.now() - hold.deadline).total_seconds()
        pause = min(max(ASK_AGAIN_AFTER, overdue), LONGEST_PAUSE)
        holds.update(expires_at=clock.after(pause))
    return holds.filter(flagged=False).update(flagged=True) > 0


HOLDS = Sweeper(
    "overdue hold",
    _overdue,
    by="expires_at",
    pause=lambda: ASK_AGAIN_AFTER,
    handle=_release_if_lost,
    longest=10.0,
)
