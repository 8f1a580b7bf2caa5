"""Refunds that fail after they were reported done (docs.stripe.com/refunds).

Payments' own sweeper asks the gateway whether refunds still stand, reverses those that
do not, tries again, and tells orders, which flags the order for a person.
"""

from collections.abc import Awaitable, Callable

import structlog
from django.db.models import F

from common import clock
from common.contract import Done
from common.contracts.orders import NoteRefundFailed, UnknownOrder
from common.database import in_db
from common.errors import ServiceError
from payments import entries, ledger
from payments.gateway import GatewayTimeout, gateway
from payments.models import Charge, ChargeState

log = structlog.get_logger(__name__)

Tell = Callable[[NoteRefundFailed], Awaitable[Done]]
BATCH = 50
RETRY_AFTER = 5.0
"""Seconds between attempts at a refund that nobody asks for any more."""
LAST_CHECK = 730
"""Checks come after 1, 2, 4, … seconds, then hourly: for about thirty days."""


async def sweep(tell: Tell) -> None:
    """Do what is due, once."""
    for charge in await in_db(_due):
        if charge.state == ChargeState.REFUNDING:
            await _pay_back(charge)
        else:
            await _check(charge)
    for charge in await in_db(_untold):
        await _tell(tell, charge)


async def _pay_back(charge: Charge) -> None:
    await in_db(_postpone, charge, RETRY_AFTER)
    try:
        await ledger.pay_back(charge)
    except ServiceError as error:
        log.info("refund", order_id=str(charge.order_id), error=str(error))


async def _check(charge: Charge) -> None:
    try:
        stands = await gateway().refund_stands(key=ledger.refund_key(charge))
    except GatewayTimeout:
        return
    if stands:
        await in_db(_check_later, charge)
    else:
        log.warning("refund failed late", order_id=str(charge.order_id))
        await in_db(
            entries.record_late_failure,
            order_id=charge.order_id,
            refund=charge.refund,
        )


async def _tell(tell: Tell, charge: Charge) -> None:
    note = NoteRefundFailed(order_id=charge.order_id, refund=charge.failed_refunds)
    try:
        await tell(note)
    except UnknownOrder:
        log.error("refund of an unknown order", order_id=str(charge.order_id))
    except ServiceError as error:
        log.info("orders not told", order_id=str(charge.order_id), error=str(error))
        return
    await in_db(_told, charge)


def _due() -> list[Charge]:
    watched = (ChargeState.REFUNDING, ChargeState.REFUNDED)
    due = Charge.objects.filter(state__in=watched, next_attempt_at__lte=clock.now())
    return list(due.order_by("next_attempt_at")[:BATCH])


def _untold() -> list[Charge]:
    return list(Charge.objects.filter(orders_told=False)[:BATCH])


def _told(charge: Charge) -> None:
    Charge.objects.filter(
        order_id=charge.order_id, failed_refunds=charge.failed_refunds
    ).update(orders_told=True)


def _postpone(charge: Charge, seconds: float) -> None:
    Charge.objects.filter(order_id=charge.order_id, state=charge.state).update(
        next_attempt_at=clock.after(seconds)
    )


def _check_later(charge: Charge) -> None:
    done = charge.checks >= LAST_CHECK
    Charge.objects.filter(
        order_id=charge.order_id, state=charge.state, refund=charge.refund
    ).update(
        checks=F("checks") + 1,
        next_attempt_at=None if done else clock.after(min(3600, 2**charge.checks)),
    )
