"""Holding stock for orders for the first time: all lines of an order, or none.

The shelves are locked in the order of their SKUs, then it is decided in plain Python
who gets what, and then all of it is written at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec

from common import clock, sql
from common.contracts.inventory import (
    AllocateInventory,
    InventoryAllocated,
    OutOfStock,
    PricedLine,
    ShortLine,
    UnknownProduct,
    merged,
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


@dataclass
class Shelf:
    """What there is of a product, for the orders that are decided on now."""

    unit_price: int
    currency: str
    free: int


def hold(
    requests: Sequence[AllocateInventory],
) -> dict[UUID, InventoryAllocated | Refused]:
    """Hold orders' lines and return the answers to those that were not known before."""
    new = _insert(requests)
    wanted = {
        one.order_id: merged(one.lines) for one in requests if one.order_id in new
    }
    shelves = _locked({sku for lines in wanted.values() for sku in lines})
    answers = {order_id: _take(lines, shelves) for order_id, lines in wanted.items()}
    _write_held(
        {
            one: told.lines
            for one, told in answers.items()
            if isinstance(told, InventoryAllocated)
        }
    )
    _write_refused(
        {one: told for one, told in answers.items() if isinstance(told, Refused)}
    )
    return answers


def _insert(requests: Sequence[AllocateInventory]) -> set[UUID]:
    """Insert an allocation for each order that has none; return those orders."""
    now = clock.now()
    allocations = [
        Allocation(
            order_id=one.order_id,
            state=AllocationState.HELD,
            decided_at=now,
            deadline=one.deadline,
            expires_at=one.deadline + HOLD_BEYOND_DEADLINE,
        )
        for one in sorted(requests, key=lambda one: one.order_id)
    ]
    return {one.order_id for one in sql.insert(allocations, unless="order_id")}


def _locked(skus: Iterable[str]) -> dict[str, Shelf]:
    """Lock the counters of products until the transaction's end, and read them."""
    names = sorted(skus)
    if not names:
        return {}
    found = sql.run(
        """
        SELECT sku, unit_price, currency, on_hand - allocated
        FROM inventory_stock JOIN inventory_product ON sku = product_id
        WHERE sku IN (VALUES {rows}) ORDER BY sku FOR UPDATE OF inventory_stock
        """,
        [(sku,) for sku in names],
    )
    shelves = {sku: Shelf(*rest) for sku, *rest in found}
    if missing := set(names) - shelves.keys():  # of those nothing was ever received
        for product in Product.objects.filter(sku__in=missing):
            shelves[product.sku] = Shelf(product.unit_price, product.currency, free=0)
    return shelves


def _take(
    wanted: Mapping[str, int], shelves: Mapping[str, Shelf]
) -> InventoryAllocated | Refused:
    """Take all lines of an order off what is free, or none."""
    if unknown := tuple(sku for sku in wanted if sku not in shelves):
        return UnknownProduct(skus=unknown)
    short = tuple(
        ShortLine(sku=sku, quantity=quantity, free=shelves[sku].free)
        for sku, quantity in wanted.items()
        if shelves[sku].free < quantity
    )
    if short:
        return OutOfStock(lines=short)
    for sku, quantity in wanted.items():
        shelves[sku].free -= quantity
    return InventoryAllocated(
        lines=tuple(
            PricedLine(
                sku=sku,
                quantity=quantity,
                unit_price=shelves[sku].unit_price,
                currency=shelves[sku].currency,
            )
            for sku, quantity in wanted.items()
        )
    )


def _write_held(held: Mapping[UUID, Sequence[PricedLine]]) -> None:
    sql.insert(
        [
            AllocationLine(
                allocation_id=order_id,
                product_id=line.sku,
                quantity=line.quantity,
                unit_price=line.unit_price,
                currency=line.currency,
            )
            for order_id, lines in held.items()
            for line in lines
        ]
    )
    counters.move(held.keys(), MovementKind.ALLOCATE, on_hand=0, allocated=+1)


def _write_refused(refused: Mapping[UUID, Refused]) -> None:
    for order_id, refusal in refused.items():
        fields = {type(refusal).__name__: msgspec.to_builtins(refusal)}
        Allocation.objects.filter(order_id=order_id).update(
            state=AllocationState.SHORT, refusal=fields, expires_at=None
        )


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
