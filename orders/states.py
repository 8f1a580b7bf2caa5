"""All status transitions of an order, each one a conditional update.

Losing such an update is normal: another runner, the customer or the deadline was
first. If the update changes no row, another process changed the order first: reload it
and decide again. This is the table "Orders" of docs/protocol.md; the contracts list the
transitions, since others may rely on them.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, prefetch_related_objects

from common import clock
from common.backoff import full_jitter
from common.contracts.orders import ENDED, TRANSITIONS
from common.database import retried_transaction
from common.rpc.errors import problem_type
from orders.history import write_local_step
from orders.models import Order, Status, StatusTransition

PLACED, CONFIRMED, COMPENSATING = Status.PLACED, Status.CONFIRMED, Status.COMPENSATING
REJECTED, CANCELLED, EXPIRED = Status.REJECTED, Status.CANCELLED, Status.EXPIRED

LEASE = 12.0
"""Seconds for which a runner has an order to itself: longer than one pass takes."""

SET_ASIDE = 5.0
"""Seconds, at most, that an order waits after a bug met it."""

CANCELLED_BY_CUSTOMER = {
    "type": problem_type("CancelledByCustomer"),
    "title": "Cancelled",
    "detail": "the customer cancelled the order",
}
DEADLINE_PASSED = {
    "type": problem_type("DeadlinePassed"),
    "title": "Not finished in time",
    "detail": "the order's deadline passed before all services had done their part",
}


@retried_transaction
def claim(order_id: UUID) -> Order | None:
    """Take the lease of an order that is due, or return None."""
    now = clock.now()
    due = Order.objects.filter(
        id=order_id, status__in=(PLACED, COMPENSATING), next_attempt_at__lte=now
    )
    lease = now + timedelta(seconds=LEASE)
    if not due.update(runs=F("runs") + 1, next_attempt_at=lease):
        return None
    order = Order.objects.get(id=order_id)
    if order.status == PLACED:  # compensating needs no lines
        prefetch_related_objects([order], "lines")
    return order


@retried_transaction
def confirm(order_id: UUID) -> bool:
    """placed → confirmed; only after inventory's yes to FinaliseInventory."""
    started = time.perf_counter()
    confirmed = _transition(order_id, PLACED, CONFIRMED, confirmed_at=clock.now())
    if confirmed:
        write_local_step(order_id, "finalise order", started)
    return confirmed


@retried_transaction
def reject(order_id: UUID, reason: dict[str, object]) -> bool:
    """placed → compensating(rejected), for the reason a service or a rule gave."""
    return _compensate(order_id, PLACED, REJECTED, reason)


@retried_transaction
def expire(order_id: UUID) -> bool:
    """placed → compensating(expired), if the deadline has passed."""
    overdue = Q(deadline__lte=clock.now())
    return _compensate(order_id, PLACED, EXPIRED, DEADLINE_PASSED, overdue)


@retried_transaction
def cancel(order_id: UUID) -> bool:
    """placed or confirmed → compensating(cancelled): the customer or staff ask for it.

    A confirmed order is cancelled only within the window (CANCEL_WINDOW_SECONDS).
    """
    window = timedelta(seconds=settings.CANCEL_WINDOW)
    in_window = Q(confirmed_at__gt=clock.now() - window)
    return _compensate(
        order_id, PLACED, CANCELLED, CANCELLED_BY_CUSTOMER
    ) or _compensate(order_id, CONFIRMED, CANCELLED, CANCELLED_BY_CUSTOMER, in_window)


@retried_transaction
def finish_compensation(order_id: UUID) -> bool:
    """compensating → its outcome; only after refund and release have both been done."""
    compensating = Order.objects.filter(id=order_id, status=COMPENSATING)
    outcome = compensating.values_list("outcome", flat=True).first()
    return outcome is not None and _transition(order_id, COMPENSATING, Status(outcome))


@retried_transaction
def postpone(order_id: UUID, runs: int, seconds: float) -> None:
    """Give the lease back after a failure, to be due again in so many seconds.

    Another runner's lease, which changed `runs`, is left alone.
    """
    Order.objects.filter(
        id=order_id, runs=runs, status__in=(PLACED, COMPENSATING)
    ).update(failures=F("failures") + 1, next_attempt_at=clock.after(seconds))


@retried_transaction
def set_aside(order_id: UUID, why: str) -> tuple[int, bool]:
    """Flag an order that met a bug and have it wait, the longer the more often.

    Whoever has the lease does not matter. Returns how often in a row it has failed,
    and whether `why` is news.
    """
    order = Order.objects.filter(id=order_id)
    known = order.filter(needs_attention=True, attention=why).exists()
    order.update(needs_attention=True, attention=why, failures=F("failures") + 1)
    failures = order.values_list("failures", flat=True).first() or 1
    pause = full_jitter(failures, base=SET_ASIDE / 2, cap=SET_ASIDE)
    under_way = order.filter(status__in=(PLACED, COMPENSATING))
    under_way.update(next_attempt_at=clock.after(SET_ASIDE / 2 + pause / 2))
    return failures, not known


@retried_transaction
def retry(order_id: UUID) -> bool:
    """Make an order that is under way due at once; only an operator asks for it.

    Forgets its failures and its flag, and breaks a lease: two runners do no harm.
    """
    orders = Order.objects.filter(id=order_id, status__in=(PLACED, COMPENSATING))
    return (
        orders.update(
            next_attempt_at=clock.now(), failures=0, needs_attention=False, attention=""
        )
        == 1
    )


def acknowledge(order_id: UUID) -> bool:
    """Take the flag off an order that a person has looked at. False if unknown."""
    order = Order.objects.filter(id=order_id)
    return order.update(needs_attention=False, attention="") == 1


def flag(order_id: UUID, why: str) -> bool:
    """Mark an order for a person's attention; the runners go on. False if unknown."""
    order = Order.objects.filter(id=order_id)
    return order.update(needs_attention=True, attention=why) == 1


def _compensate(
    order_id: UUID,
    start: Status,
    outcome: Status,
    reason: Mapping[str, object],
    condition: Q | None = None,
) -> bool:
    return _transition(
        order_id,
        start,
        COMPENSATING,
        condition=condition,
        note=str(reason["detail"])[:200],
        outcome=outcome,
        reason=reason,
        failures=0,
        next_attempt_at=clock.now(),
    )


def _transition(
    order_id: UUID,
    start: Status,
    end: Status,
    *,
    condition: Q | None = None,
    note: str = "",
    **changes: object,
) -> bool:
    """Change the status if it still is `start`, and record the transition with it."""
    assert (start, end) in TRANSITIONS
    if end in ENDED:
        changes["next_attempt_at"] = None
    rows = Order.objects.filter(condition or Q(), id=order_id, status=start)
    if not rows.update(status=end, **changes):
        return False
    StatusTransition.objects.create(
        order_id=order_id, start=start, end=end, note=note, at=clock.now()
    )
    return True
