"""The transactions of a charge: conditional updates, and the ledger of their winners.

`ledger.py` decides which of them comes next. Each returns the row as it stands after.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from common import clock
from common.contracts.money import Money
from common.contracts.payments import TooLateToCharge
from common.database import Conflict, retried_transaction
from common.rpc.errors import ContractBroken
from payments.gateway import Approved, Declined
from payments.models import Card, Charge, ChargeState, Entry, EntryKind

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
def open_intent(
    *, order_id: UUID, total: Money, card_token: str, deadline: datetime
) -> Charge:
    """none → intent, or → declined for an unknown card; else the row as it is.

    Raises ContractBroken for an open intent over another amount, and TooLateToCharge.
    """
    if charge := Charge.objects.filter(order_id=order_id).first():
        if charge.state == INTENT and _money(charge) != total:
            raise ContractBroken(f"the intent is over {_money(charge)}, not {total}")
        return charge
    card = Card.objects.filter(token=card_token).first()
    charge = Charge.objects.create(  # a second one of this order fails here
        order_id=order_id,
        state=INTENT if card else DECLINED,
        amount=total.amount,
        currency=total.currency,
        card_token=card_token,
        method=card.method if card else "",
        decline_code="" if card else "unknown_card",
        opened_at=clock.now(),
        deadline=deadline,
    )
    if clock.now() >= deadline:
        raise TooLateToCharge
    return charge


@retried_transaction
def settle(*, order_id: UUID, outcome: Approved | Declined | None) -> Charge:
    """intent → charged | declined, or → voided if the gateway never saw the charge."""
    match outcome:
        case Approved():
            if _transition(order_id, INTENT, state=CHARGED):
                _enter(order_id, EntryKind.CHARGE, sign=+1)
        case Declined(code=code):
            _transition(order_id, INTENT, state=DECLINED, decline_code=code)
        case None:
            _transition(order_id, INTENT, state=VOIDED)
    return Charge.objects.get(order_id=order_id)


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
