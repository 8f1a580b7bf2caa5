"""Refunds that fail after they were reported done (docs.stripe.com/refunds).

Payments' own sweeper asks the gateway whether refunds still stand, reverses those that
do not, tries again, and notifies orders, which flags the order for a person.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from django.db.models import F, Q, QuerySet

from common import clock
from common.contracts.orders import NoteRefundFailed, UnknownOrder
from common.database import in_db_thread
from common.ops.outage import described
from common.rpc.contract import Done
from common.rpc.errors import ServiceError
from common.saga.due import due, past, too_far
from common.saga.sweeper import Sweeper
from payments import entries, ledger
from payments.gateway import GatewayTimeout, gateway
from payments.models import Charge, ChargeState

log = structlog.get_logger(__name__)

Notify = Callable[[NoteRefundFailed], Awaitable[Done]]
RETRY_AFTER = 5.0
"""Seconds between attempts at a refund that nobody asks for, or at notifying orders."""
LONGEST_PAUSE = 3600
"""Seconds between two checks of a refund, at most."""
LAST_CHECK = 730
"""Checks come after 1, 2, 4, … seconds, then hourly: for about thirty days."""


async def sweep(notify: Notify) -> None:
    """Do what is due, once."""
    try:
        await REFUNDS.sweep()
    finally:  # orders is not the gateway
        await NEWS.sweep(notify)


async def _go_on(order_id: UUID) -> None:
    charge = await in_db_thread(Charge.objects.get, order_id=order_id)
    if charge.state == ChargeState.REFUNDING:
        await _pay_back(charge)
    elif charge.state == ChargeState.REFUNDED:
        await _check(charge)


async def _pay_back(charge: Charge) -> None:
    try:
        await ledger.pay_back(charge)
    except ServiceError as error:
        log.info("refund", order_id=str(charge.order_id), error=described(error))


async def _check(charge: Charge) -> None:
    try:
        stands = await gateway().refund_stands(key=ledger.refund_key(charge))
    except GatewayTimeout:
        return
    if stands:
        await in_db_thread(_check_later, charge)
    else:
        log.warning("refund failed late", order_id=str(charge.order_id))
        await in_db_thread(
            entries.record_late_failure,
            order_id=charge.order_id,
            refund=charge.refund,
        )


async def _notify(order_id: UUID, notify: Notify) -> None:
    charge = await in_db_thread(Charge.objects.get, order_id=order_id)
    refund = await in_db_thread(entries.last_failed_refund, order_id=order_id)
    note = NoteRefundFailed(order_id=order_id, refund=refund)
    try:
        await notify(note)
    except UnknownOrder:
        log.error("refund of an unknown order", order_id=str(order_id))
    except ServiceError as error:
        log.info("orders not notified", order_id=str(order_id), error=described(error))
        return
    await in_db_thread(_notified, charge)


def _due() -> QuerySet[Charge]:
    by, refunding = "next_attempt_at", ChargeState.REFUNDING
    soon = too_far(by, furthest=entries.SWEEP_AFTER + RETRY_AFTER)
    later = too_far(by, furthest=LONGEST_PAUSE + RETRY_AFTER)
    return Charge.objects.filter(
        Q(past(by), state__in=(refunding, ChargeState.REFUNDED))
        | Q(soon, state=refunding)
        | Q(later, state=ChargeState.REFUNDED)
    )


def _to_notify() -> QuerySet[Charge]:
    now = Q(notify_orders_at=None) | due("notify_orders_at", furthest=2 * RETRY_AFTER)
    return Charge.objects.filter(now, orders_notified=False)


def _notified(charge: Charge) -> None:
    Charge.objects.filter(
        order_id=charge.order_id, failed_refunds=charge.failed_refunds
    ).update(orders_notified=True)


def _check_later(charge: Charge) -> None:
    done = charge.checks >= LAST_CHECK
    Charge.objects.filter(
        order_id=charge.order_id, state=charge.state, refund=charge.refund
    ).update(
        checks=F("checks") + 1,
        next_attempt_at=None
        if done
        else clock.after(min(LONGEST_PAUSE, 2**charge.checks)),
    )


REFUNDS = Sweeper(
    "late refund",
    _due,
    by="next_attempt_at",
    pause=lambda: RETRY_AFTER,
    handle=_go_on,
    longest=10.0,
)
NEWS = Sweeper(
    "news for orders",
    _to_notify,
    by="notify_orders_at",
    pause=lambda: RETRY_AFTER,
    handle=_notify,
    longest=10.0,
)
