"""The rules of charging: the table "Payments" of docs/protocol.md.

The intent is committed before the gateway is called, and the answer leaves after the
commit that follows. A gateway that does not answer commits nothing: the outcome is
unknown, and the same key is used again. Only the gateway's definite no to a refund
gives the next one a new key.
"""

from collections.abc import Awaitable
from typing import TypeVar
from uuid import UUID

from common import clock
from common.contracts.money import Money
from common.contracts.payments import AlreadyRefunded, CardDeclined, ChargeCard
from common.database import in_db_thread
from common.rpc.errors import NoReply
from common.together import together
from payments import entries, intents
from payments.declines import shown_to_customer
from payments.gateway import Approved, Declined, Gateway, GatewayTimeout, gateway
from payments.intents import Settlement
from payments.models import Charge, ChargeState

T = TypeVar("T")


async def charge_card(request: ChargeCard) -> Money:
    """Charge an order once and return the amount charged, now or earlier.

    Raises CardDeclined, AlreadyRefunded, TooLateToCharge, ContractBroken, or NoReply
    when the gateway's answer is not known.
    """
    charge = await together(intents.open_intents, request)
    if charge.state == ChargeState.INTENT:
        charge = await _settle(charge)
    match charge.state:
        case ChargeState.CHARGED:
            return Money(amount=charge.amount, currency=charge.currency)
        case ChargeState.DECLINED:
            code, message = shown_to_customer(charge.decline_code)
            raise CardDeclined(code=code, message=message)
        case _:
            raise AlreadyRefunded


async def refund_charge(*, order_id: UUID) -> None:
    """Pay back whatever was charged, and refuse the order charges from now on.

    Raises NoReply when it is not known to be done: ask again.
    """
    charge = await in_db_thread(entries.begin_refund, order_id=order_id)
    if charge.state == ChargeState.INTENT:
        await _settle(charge)
        charge = await in_db_thread(entries.begin_refund, order_id=order_id)
    if charge.state == ChargeState.REFUNDING:
        await pay_back(charge)


async def pay_back(charge: Charge) -> None:
    """Ask the gateway for refund number n of a charge, under the key of that number."""
    outcome = await _answered(
        gateway().refund(
            key=refund_key(charge),
            order_id=charge.order_id,
            amount=charge.amount,
            currency=charge.currency,
        )
    )
    record = (
        entries.record_refund
        if isinstance(outcome, Approved)
        else entries.record_refused_refund
    )
    charge = await in_db_thread(record, order_id=charge.order_id, refund=charge.refund)
    if charge.state != ChargeState.REFUNDED:
        raise NoReply(f"refund {charge.refund} is still to come")


def refund_key(charge: Charge) -> str:
    """Return the gateway's key of a charge's current refund."""
    return f"refund:{charge.order_id}:{charge.refund}"


async def _settle(charge: Charge) -> Charge:
    """Learn what became of an intent, always with the row's amount and the same key."""
    outcome = await _answered(_replay(gateway(), charge))
    return await together(intents.settle, Settlement(charge, outcome))


async def _replay(gateway: Gateway, charge: Charge) -> Approved | Declined | None:
    age = (clock.now() - charge.opened_at).total_seconds()
    if age > gateway.keys_live_for / 2:
        # by now the gateway may have forgotten the key; nothing of it is in flight
        return await gateway.find_charge(order_id=charge.order_id)
    return await gateway.charge(
        key=f"charge:{charge.order_id}",
        order_id=charge.order_id,
        amount=charge.amount,
        currency=charge.currency,
        method=charge.method,
    )


async def _answered(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except GatewayTimeout:
        raise NoReply("the card gateway did not answer") from None
