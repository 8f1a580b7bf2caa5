"""The sweeper of holds: nothing is released without the word of the source of truth."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import structlog
from django.db.models import QuerySet

from common import clock
from common.contracts.orders import GetOrderOutcome, OrderOutcome, UnknownOrder
from common.database import in_db_thread
from common.ops.outage import described
from common.rpc.errors import ServiceError
from common.saga.sweep import Sweep
from inventory import stock
from inventory.models import Allocation, AllocationState

log = structlog.get_logger(__name__)

IRREVOCABLE = frozenset({"compensating", "rejected", "cancelled", "expired"})
"""Statuses from which no order is ever confirmed: a stale answer is harmless."""
ASK_AGAIN_AFTER = 5.0
"""Seconds until an overdue hold that had to be kept is asked about again."""
LONGEST_PAUSE = 3600.0
"""Of a hold that is flagged; its pause is as long as it is overdue already."""
BATCH = 50

Call = Callable[[GetOrderOutcome], Awaitable[OrderOutcome]]


async def sweep(call: Call) -> None:
    """Release each overdue hold whose order is irrevocably lost; keep the others.

    An order that orders does not know is kept too, and flagged for a person: it is told
    of once, and asked about ever more seldom.
    """
    holds = Sweep("overdue hold", _ask_later, name=str)
    await holds.over(await in_db_thread(_overdue), partial(_release_if_lost, call))


async def _release_if_lost(call: Call, order_id: UUID) -> None:
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


def _overdue() -> list[UUID]:
    holds = Allocation.objects.filter(
        state=AllocationState.HELD, expires_at__lte=clock.now()
    )
    return list(holds.order_by("expires_at").values_list("order_id", flat=True)[:BATCH])


def _held(order_id: UUID) -> QuerySet[Allocation]:
    return Allocation.objects.filter(order_id=order_id, state=AllocationState.HELD)


def _ask_later(order_id: UUID) -> None:
    pause = ASK_AGAIN_AFTER
    hold = _held(order_id).filter(flagged=True).first()
    if hold and hold.deadline:
        overdue = (clock.now() - hold.deadline).total_seconds()
        pause = min(max(pause, overdue), LONGEST_PAUSE)
    _held(order_id).update(expires_at=clock.after(pause))


def _flag(order_id: UUID) -> bool:
    """Flag a hold for a person; return whether it was not flagged before."""
    return _held(order_id).filter(flagged=False).update(flagged=True) > 0
