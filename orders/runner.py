"""Who takes orders through their steps: woken by a message, or by the clock.

The row is the task and its `next_attempt_at` the lease. Two runners of one order do no
harm; the lease only saves work. Retries live here and in no other layer.
"""

import asyncio
from uuid import UUID

import structlog

from common import clock
from common.backoff import full_jitter
from common.context import Headers, headers
from common.contracts.inventory import AlreadyReleased, TooLateToAllocate
from common.contracts.payments import AlreadyRefunded, TooLateToCharge
from common.database import in_db_thread
from common.ops.outage import described, is_outage
from common.rpc.errors import Busy, ContractBroken, NotServed, OutcomeUnknown, Refused
from orders import placing, states
from orders.models import Order, Status
from orders.rows import StaleOrder

log = structlog.get_logger(__name__)

BACKOFF_BASE = 0.2
BACKOFF_CAP = 5.0
ATTENTION_AFTER = 10
"""Failed attempts in a row at compensating an order until a person is told, too."""
LATER = (TooLateToAllocate, TooLateToCharge, Busy, NotServed, OutcomeUnknown)
"""What says nothing about the order: the same step is tried again."""
AT_A_TIME = 32
"""Orders that one sweep takes in hand."""


async def run(order_id: UUID) -> None:
    """Take an order as far as it will go now, if it is due.

    Raises outages only: what nobody foresaw is one order's trouble, see `_set_aside`.
    """
    try:
        while order := await in_db_thread(states.claim, order_id):
            carried = Headers(
                correlation_id=order.correlation_id, flags=tuple(order.flags)
            )
            with headers(carried):
                if not await _pass(order):
                    return
    except Exception as error:
        if is_outage(error):
            raise
        await _set_aside(order_id, error)


async def sweep() -> None:
    """Run the orders that are due: their wake-up was lost, or an attempt failed."""
    due = await in_db_thread(_due)
    runs = await asyncio.gather(*map(run, due), return_exceptions=True)
    for error in runs:
        if isinstance(error, Exception):
            raise error  # one for all: the orders come again


async def _pass(order: Order) -> bool:
    """Try once; tell whether the row has changed and is worth another look at once."""
    try:
        if order.status == Status.COMPENSATING:
            await placing.compensate(order)
        elif await in_db_thread(states.expire, order.id):
            return True
        else:
            await placing.place(order)
    except (AlreadyReleased, AlreadyRefunded) as refusal:
        return await _read_again(order, refusal)
    except StaleOrder:
        return True
    except LATER as failure:
        await _try_later(order, failure)
    except Refused as refusal:
        return await in_db_thread(states.reject, order.id, refusal.as_problem())
    except ContractBroken as contradiction:
        await _contradiction(order, contradiction)
    return False


async def _read_again(order: Order, refusal: Refused) -> bool:
    """Never start compensating on the word of a service: only the row decides."""
    if await in_db_thread(_status, order.id) == Status.PLACED:
        await _contradiction(order, refusal)
        return False
    return True


async def _try_later(order: Order, failure: Exception) -> None:
    failures = order.failures + 1
    pause = full_jitter(failures, base=BACKOFF_BASE, cap=BACKOFF_CAP)
    if order.status == Status.PLACED:
        left = (order.deadline - clock.now()).total_seconds()
        pause = min(pause, max(left, 0.0))
    elif failures >= ATTENTION_AFTER:
        await in_db_thread(
            states.flag, order.id, f"compensating fails: {failure}"[:200]
        )
    log.info("order postponed", failure=described(failure), seconds=round(pause, 2))
    await in_db_thread(states.postpone, order.id, order.runs, pause)


async def _contradiction(order: Order, error: Exception) -> None:
    """Something that the protocol excludes: flag it, and let the deadline end it."""
    log.error("contradiction", order_id=str(order.id), error=described(error))
    await in_db_thread(states.flag, order.id, f"contradiction: {error}"[:200])
    await _try_later(order, error)


async def _set_aside(order_id: UUID, error: Exception) -> None:
    """A bug met an order: tell a person, once, and let the others go first."""
    why = f"unexpected: {described(error)}"[:200]
    failures, is_new = await in_db_thread(states.set_aside, order_id, why)
    log.error(
        "run failed",
        order_id=str(order_id),
        error=described(error),
        failures=failures,
        exc_info=error if is_new else None,
    )


def _due() -> list[UUID]:
    orders = Order.objects.filter(
        status__in=(Status.PLACED, Status.COMPENSATING),
        next_attempt_at__lte=clock.now(),
    )
    ids = orders.order_by("next_attempt_at").values_list("id", flat=True)
    return list(ids[:AT_A_TIME])


def _status(order_id: UUID) -> str:
    return Order.objects.values_list("status", flat=True).get(id=order_id)
