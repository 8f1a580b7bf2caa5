"""The rules of stock: the table "Inventory" of docs/protocol.md, one function a column.

`@retried_transaction` makes each function one transaction, which runs again from the
top when it met a `Conflict` or a key that was there already (`common/database.py`). A
unique key, or an UPDATE that names the state it expects, decides who wins. Only the
winner moves counters and writes the ledger; everybody else gets the answer that was
given first.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction

from common import clock
from common.contracts.inventory import (
    AlreadyReleased,
    InventoryAllocated,
    Line,
    OutOfStock,
    PricedLine,
    ShortLine,
    TooLateToAllocate,
    UnknownProduct,
    merged,
)
from common.database import Conflict, retried_transaction
from common.rpc.errors import ContractBroken, Refused
from inventory import counters
from inventory.models import (
    Allocation,
    AllocationLine,
    AllocationState,
    MovementKind,
    Product,
)

HOLD_BEYOND_DEADLINE = timedelta(seconds=60)
"""How much longer than its order's deadline a hold lives before we ask about it."""
REMEMBERED: tuple[type[Refused], ...] = (OutOfStock, UnknownProduct)

HELD, SHORT = AllocationState.HELD, AllocationState.SHORT
FINALISED, RELEASED = AllocationState.FINALISED, AllocationState.RELEASED


@retried_transaction
def allocate(
    *, order_id: UUID, lines: Iterable[Line], deadline: datetime
) -> InventoryAllocated | Refused:
    """Hold all lines or none, and answer a repeat with the first answer.

    Returns the refusal instead of raising it, since it has to be remembered.
    """
    allocation = Allocation.objects.filter(order_id=order_id).first()
    if allocation is None:
        return _allocate_first(order_id, merged(lines), deadline)
    if allocation.state == RELEASED:
        return AlreadyReleased()
    if allocation.state == SHORT:
        return _remembered_refusal(allocation)
    return InventoryAllocated(lines=tuple(map(_priced, allocation.lines.all())))


@retried_transaction
def finalise(*, order_id: UUID) -> None:
    """Take what is held off the shelf; refuses what was released.

    Raises ContractBroken for an order that holds nothing.
    """
    if _transition(order_id, HELD, FINALISED):
        counters.move(order_id, MovementKind.FINALISE, on_hand=-1, allocated=-1)
        return
    match _state(order_id):
        case AllocationState.FINALISED:
            return
        case AllocationState.RELEASED:
            raise AlreadyReleased
        case AllocationState.HELD:
            raise Conflict
        case none_or_short:
            raise ContractBroken(f"finalise on {none_or_short or 'none'}")


@retried_transaction
def release(*, order_id: UUID) -> None:
    """Give everything back, whatever there is, and refuse the order stock from now on.

    For an unknown order this leaves a tombstone, which a late allocate will meet.
    """
    if _transition(order_id, HELD, RELEASED):
        counters.move(order_id, MovementKind.RELEASE, on_hand=0, allocated=-1)
    elif _transition(order_id, FINALISED, RELEASED):
        counters.move(order_id, MovementKind.RESTOCK, on_hand=+1, allocated=0)
    elif (state := _state(order_id)) is None:
        Allocation.objects.create(
            order_id=order_id, state=RELEASED, decided_at=clock.now()
        )
    elif state in {HELD, FINALISED}:
        raise Conflict


@retried_transaction
def release_overdue_hold(*, order_id: UUID) -> bool:
    """Release a hold that is still one, on orders' word; tell whether it was."""
    if not _transition(order_id, HELD, RELEASED):
        return False
    counters.move(order_id, MovementKind.RELEASE, on_hand=0, allocated=-1)
    return True


def _allocate_first(
    order_id: UUID, wanted: dict[str, int], deadline: datetime
) -> InventoryAllocated | Refused:
    allocation = Allocation.objects.create(  # a second one of this order fails here
        order_id=order_id,
        state=HELD,
        decided_at=clock.now(),
        deadline=deadline,
        expires_at=deadline + HOLD_BEYOND_DEADLINE,
    )
    if clock.now() >= deadline:
        transaction.set_rollback(True)
        return TooLateToAllocate()
    try:
        with transaction.atomic():
            return InventoryAllocated(lines=_hold(allocation, wanted))
    except REMEMBERED as refusal:
        fields = {type(refusal).__name__: msgspec.to_builtins(refusal)}
        Allocation.objects.filter(order_id=order_id, state=HELD).update(
            state=SHORT, refusal=fields, expires_at=None
        )
        return refusal


def _hold(allocation: Allocation, wanted: dict[str, int]) -> tuple[PricedLine, ...]:
    products = Product.objects.in_bulk(wanted)
    if unknown := tuple(sku for sku in wanted if sku not in products):
        raise UnknownProduct(skus=unknown)
    short = tuple(
        ShortLine(sku=sku, quantity=quantity, free=counters.free(sku))
        for sku, quantity in wanted.items()
        if not counters.take(sku, quantity)
    )
    if short:
        raise OutOfStock(lines=short)
    lines = AllocationLine.objects.bulk_create(
        AllocationLine(
            allocation=allocation,
            product_id=sku,
            quantity=quantity,
            unit_price=products[sku].unit_price,
            currency=products[sku].currency,
        )
        for sku, quantity in wanted.items()
    )
    counters.write_ledger(
        allocation.order_id, lines, MovementKind.ALLOCATE, on_hand=0, allocated=+1
    )
    return tuple(map(_priced, lines))


def _priced(line: AllocationLine) -> PricedLine:
    return PricedLine(
        sku=line.product_id,
        quantity=line.quantity,
        unit_price=line.unit_price,
        currency=line.currency,
    )


def _remembered_refusal(allocation: Allocation) -> Refused:
    [(name, fields)] = (allocation.refusal or {}).items()
    types = {refusal.__name__: refusal for refusal in REMEMBERED}
    return msgspec.convert(fields, types[name])


def _state(order_id: UUID) -> str | None:
    states = Allocation.objects.filter(order_id=order_id).values_list("state")
    return next((state for (state,) in states), None)


def _transition(order_id: UUID, start: AllocationState, end: AllocationState) -> bool:
    """Make a state transition of an allocation; False if it was in another state."""
    rows = Allocation.objects.filter(order_id=order_id, state=start)
    return rows.update(state=end, expires_at=None) == 1
