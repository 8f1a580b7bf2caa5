"""The sweeper of holds: nothing is released without the word of the source of truth."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from common import clock
from common.contracts.orders import GetOrderOutcome, OrderOutcome, UnknownOrder
from common.database import in_db
from common.errors import ServiceError
from inventory import stock
from inventory.models import Allocation, AllocationState

log = structlog.get_logger(__name__)

IRREVOCABLE = frozenset({"undoing", "rejected", "cancelled", "expired"})
"""Statuses from which no order is ever confirmed: a stale answer is harmless."""
ASK_AGAIN_AFTER = 5.0
"""Seconds until an overdue hold that had to be kept is asked about again."""
BATCH = 50

Ask = Callable[[GetOrderOutcome], Awaitable[OrderOutcome]]


async def sweep(ask: Ask) -> None:
    """Release each overdue hold whose order is irrevocably lost; keep the others.

    An order that orders does not know is kept too, and flagged for a person.
    """
    for order_id in await in_db(_overdue):
        try:
            outcome = await ask(GetOrderOutcome(order_id=order_id))
        except UnknownOrder:
            log.warning("hold of an unknown order", order_id=str(order_id))
            await in_db(_ask_later, order_id, flagged=True)
        except ServiceError as error:
            log.info("no outcome", order_id=str(order_id), error=repr(error))
            await in_db(_ask_later, order_id)
        else:
            if outcome.status in IRREVOCABLE:
                await in_db(stock.release_overdue_hold, order_id=order_id)
            else:
                await in_db(_ask_later, order_id)


def _overdue() -> list[UUID]:
    holds = Allocation.objects.filter(
        state=AllocationState.HELD, expires_at__lte=clock.now()
    )
    return list(holds.order_by("expires_at").values_list("order_id", flat=True)[:BATCH])


def _ask_later(order_id: UUID, *, flagged: bool = False) -> None:
    holds = Allocation.objects.filter(order_id=order_id, state=AllocationState.HELD)
    holds.update(expires_at=clock.after(ASK_AGAIN_AFTER))
    if flagged:
        holds.update(flagged=True)
