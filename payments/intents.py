"""Opening the intents of charges, and settling them by what the gateway says.

Each rule takes what arrived together and answers every member, in one transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import clock, sql
from common.contracts.money import Money
from common.contracts.payments import ChargeCard, TooLateToCharge
from common.database import retried_transaction
from common.rpc.errors import ContractBroken, ServiceError
from payments.gateway import Approved, Declined
from payments.models import Charge, ChargeState, EntryKind


@retried_transaction
def open_intents(requests: Sequence[ChargeCard]) -> list[Charge | ServiceError]:
    """none → intent, or → declined for an unknown card; else the row as it is.

    An open intent over another amount is ContractBroken; one that would be opened after
    its order's deadline, TooLateToCharge.
    """
    now = clock.now()
    in_time = {one.order_id: one for one in reversed(requests) if now < one.deadline}
    charges = _insert(in_time.values(), now)
    if known := {one.order_id for one in requests} - charges.keys():
        charges |= Charge.objects.in_bulk(known)
    return [_opened(one, charges.get(one.order_id)) for one in requests]


def _opened(request: ChargeCard, charge: Charge | None) -> Charge | ServiceError:
    if charge is None:
        return TooLateToCharge()
    over = Money(amount=charge.amount, currency=charge.currency)
    if charge.state == ChargeState.INTENT and over != request.total:
        return ContractBroken(f"the intent is over {over}, not {request.total}")
    return charge


def _insert(requests: Iterable[ChargeCard], now: datetime) -> dict[UUID, Charge]:
    """Insert a charge for each order that has none; return those, by order."""
    if not requests:
        return {}
    new = {
        one.order_id: Charge(
            order_id=one.order_id,
            amount=one.total.amount,
            currency=one.total.currency,
            card_token=one.card_token,
            opened_at=now,
            deadline=one.deadline,
        )
        for one in requests
    }
    inserted = sql.run(
        """
        INSERT INTO payments_charge
            (order_id, amount, currency, card_token, deadline, opened_at,
             state, method, decline_code,
             refund, failed_refunds, orders_notified, checks)
        SELECT
            one.column1, one.column2, one.column3, one.column4, one.column5, %(now)s,
            CASE WHEN card.token IS NULL THEN %(declined)s ELSE %(intent)s END,
            COALESCE(card.method, ''),
            CASE WHEN card.token IS NULL THEN 'unknown_card' ELSE '' END,
            0, 0, TRUE, 0
        FROM (VALUES {rows}) AS one
        LEFT JOIN payments_card AS card ON card.token = one.column4
        WHERE TRUE ON CONFLICT (order_id) DO NOTHING
        RETURNING order_id, state, method, decline_code
        """,
        [
            (order_id, one.amount, one.currency, one.card_token, one.deadline)
            for order_id, one in sorted(new.items())
        ],
        now=now,
        declined=ChargeState.DECLINED,
        intent=ChargeState.INTENT,
    )
    opened = {}
    for written, *decided in inserted:
        charge = new[sql.uuid_of(written)]
        charge.state, charge.method, charge.decline_code = decided
        opened[charge.order_id] = charge
    return opened


@dataclass(frozen=True)
class Settlement:
    """What the gateway says of an intent; None if it never saw the charge."""

    charge: Charge
    outcome: Approved | Declined | None

    @property
    def state(self) -> tuple[ChargeState, str]:
        """Return the state that follows from it, and the code of a decline."""
        match self.outcome:
            case Approved():
                return ChargeState.CHARGED, ""
            case Declined(code=code):
                return ChargeState.DECLINED, code
            case None:
                return ChargeState.VOIDED, ""


@retried_transaction
def settle(settlements: Sequence[Settlement]) -> list[Charge]:
    """intent → charged | declined, or → voided if the gateway never saw the charge.

    Returns each charge as it stands then.
    """
    told = {one.charge.order_id: one for one in settlements}
    moved = sql.run(
        """
        UPDATE payments_charge SET state = told.column2, decline_code = told.column3
        FROM (VALUES {rows}) AS told
        WHERE order_id = told.column1 AND state = %(intent)s
        RETURNING order_id
        """,
        [(order_id, *one.state) for order_id, one in sorted(told.items())],
        intent=ChargeState.INTENT,
    )
    settled = {}
    for (written,) in moved:
        one = told[sql.uuid_of(written)]
        one.charge.state, one.charge.decline_code = one.state
        settled[one.charge.order_id] = one.charge
    _enter([key for key, one in settled.items() if one.state == ChargeState.CHARGED])
    if lost := told.keys() - settled.keys():
        settled |= Charge.objects.in_bulk(lost)
    return [settled[one.charge.order_id] for one in settlements]


def _enter(order_ids: Sequence[UUID]) -> None:
    """Enter charges into the ledger."""
    if order_ids:
        sql.run(
            """
            INSERT INTO payments_entry (charge_id, kind, refund, amount, currency, at)
            SELECT order_id, %(kind)s, refund, amount, currency, %(at)s
            FROM payments_charge WHERE order_id IN (VALUES {rows})
            """,
            [(order_id,) for order_id in order_ids],
            kind=EntryKind.CHARGE,
            at=clock.now(),
        )
