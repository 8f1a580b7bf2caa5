"""The transactions of a charge: conditional updates, and the ledger of their winners.

`ledger.py` decides which of them comes next. Each returns the row as it stands after.
"""

from uuid import UUID

from django.db.models import F

from common import clock
from common.contracts.money import Money
from common.database import Conflict, retried_transaction
from payments.models import Charge, ChargeState, Entry, EntryKind

INTENT, CHARGED, DECLINED = (
    ChargeState.INTENT,
    ChargeState.CHARGED,
    ChargeState.DECLINED,
)
REFUNDING, REFUNDED, VOIDED = (
    ChargeState.REFUNDING,
    ChargeState.REFUNDED,
    ChargeState.VOIDED,
)
SWEEP_AFTER = 10.0
"""Seconds that a refund is left to whoever asked for it before payments goes on."""


@retried_transaction
def begin_refund(*, order_id: UUID) -> Charge:
    """charged → refunding(1); none → voided, the tombstone that a late charge meets."""
    _transition(
        order_id,
        CHARGED,
        state=REFUNDING,
        refund=1,
        next_attempt_at=clock.after(SWEEP_AFTER),
    )
    if charge := Charge.objects.filter(order_id=order_id).first():
        if charge.state == CHARGED:  # settled since the move looked: look again
            raise Conflict
        return charge
    return Charge.objects.create(order_id=order_id, state=VOIDED, opened_at=clock.now())


@retried_transaction
def record_refund(*, order_id: UUID, refund: int) -> Charge:
    """refunding(n) → refunded; from now on the gateway is asked whether it stands."""
    if _transition(
        order_id,
        REFUNDING,
        number=refund,
        state=REFUNDED,
        checks=0,
        next_attempt_at=clock.after(1),
    ):
        _enter(order_id, EntryKind.REFUND, sign=-1)
    return Charge.objects.get(order_id=order_id)


@retried_transaction
def record_refused_refund(*, order_id: UUID, refund: int) -> Charge:
    """refunding(n) → refunding(n+1), since the gateway said no for good to n."""
    _transition(order_id, REFUNDING, number=refund, refund=refund + 1)
    return Charge.objects.get(order_id=order_id)


@retried_transaction
def record_late_failure(*, order_id: UUID, refund: int) -> Charge:
    """refunded → refunding(n+1): refund n failed after all; reverse its entry."""
    if _transition(
        order_id,
        REFUNDED,
        number=refund,
        state=REFUNDING,
        refund=refund + 1,
        failed_refunds=F("failed_refunds") + 1,
        orders_notified=False,
        notify_orders_at=None,
        next_attempt_at=clock.now(),
    ):
        _enter(order_id, EntryKind.REVERSAL, sign=+1, refund=refund)
    return Charge.objects.get(order_id=order_id)


def last_failed_refund(*, order_id: UUID) -> int:
    """Return the number of the refund whose entry was reversed last."""
    reversals = Entry.objects.filter(charge=order_id, kind=EntryKind.REVERSAL)
    return reversals.latest("refund").refund


def _transition(
    order_id: UUID, start: ChargeState, *, number: int | None = None, **changes: object
) -> bool:
    """Change a charge that is in a state (and at refund `number`); tell whether."""
    rows = Charge.objects.filter(order_id=order_id, state=start)
    if number is not None:
        rows = rows.filter(refund=number)
    return rows.update(**changes) == 1


def _enter(
    order_id: UUID, kind: EntryKind, *, sign: int, refund: int | None = None
) -> None:
    charge = Charge.objects.get(order_id=order_id)
    Entry.objects.create(
        charge=charge,
        kind=kind,
        refund=charge.refund if refund is None else refund,
        amount=sign * charge.amount,
        currency=charge.currency,
        at=clock.now(),
    )


def _money(charge: Charge) -> Money:
    return Money(amount=charge.amount, currency=charge.currency)
