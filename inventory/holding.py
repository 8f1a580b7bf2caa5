"""Holding stock for an order for the first time: all of its lines, or none."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction

from common import clock
from common.contracts.inventory import (
    InventoryAllocated,
    OutOfStock,
    PricedLine,
    ShortLine,
    TooLateToAllocate,
    UnknownProduct,
)
from common.rpc.errors import Refused
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


def hold(
    order_id: UUID, wanted: dict[str, int], deadline: datetime
) -> InventoryAllocated | Refused:
    """Hold all lines of an order or none; a refusal is remembered, so it is returned.

    Raises IntegrityError if the order has an allocation already.
    """
    allocation = Allocation.objects.create(  # a second one of this order fails here
        order_id=order_id,
        state=AllocationState.HELD,
        decided_at=clock.now(),
        deadline=deadline,
        expires_at=deadline + HOLD_BEYOND_DEADLINE,
    )
    if clock.now() >= deadline:
        transaction.set_rollback(True)
        return TooLateToAllocate()
    try:
        with transaction.atomic():
            return InventoryAllocated(lines=_hold_all(allocation, wanted))
    except REMEMBERED as refusal:
        fields = {type(refusal).__name__: msgspec.to_builtins(refusal)}
        Allocation.objects.filter(order_id=order_id, state=AllocationState.HELD).update(
            state=AllocationState.SHORT, refusal=fields, expires_at=None
        )
        return refusal


def _hold_all(allocation: Allocation, wanted: dict[str, int]) -> tuple[PricedLine, ...]:
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


def priced_lines(allocation: Allocation) -> tuple[PricedLine, ...]:
    """Return an allocation's lines with the prices that held at the time."""
    return tuple(map(_priced, allocation.lines.all()))


def _priced(line: AllocationLine) -> PricedLine:
    return PricedLine(
        sku=line.product_id,
        quantity=line.quantity,
        unit_price=line.unit_price,
        currency=line.currency,
    )


def refusal_of(allocation: Allocation) -> Refused:
    """Return the refusal that an allocation remembers."""
    [(name, fields)] = (allocation.refusal or {}).items()
    types = {refusal.__name__: refusal for refusal in REMEMBERED}
    return msgspec.convert(fields, types[name])
