"""Stock's counters and the ledger that explains them, always written together."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import F

from common import clock
from inventory.models import AllocationLine, Movement, MovementKind, Stock

MOST_ON_HAND = 2**31 - 1


@transaction.atomic
def receive(
    *, sku: str, quantity: int, note: str = "", delivery: UUID | None = None
) -> Movement:
    """Put delivered pieces on the shelf and return the ledger entry.

    A `delivery` that was received before raises IntegrityError. Raises ValueError for
    less than one piece, and for more than the shelf can count.
    """
    if quantity < 1:
        raise ValueError("quantity: expected at least 1")
    Stock.objects.get_or_create(product_id=sku)
    room = Stock.objects.filter(product_id=sku, on_hand__lte=MOST_ON_HAND - quantity)
    if not room.update(on_hand=F("on_hand") + quantity):
        raise ValueError(f"quantity: expected at most {MOST_ON_HAND} on hand in all")
    return Movement.objects.create(
        product_id=sku,
        kind=MovementKind.RECEIVE,
        on_hand=quantity,
        allocated=0,
        at=clock.now(),
        note=note,
        delivery=delivery,
    )


def take(sku: str, quantity: int) -> bool:
    """Allocate pieces if that many are free, by one conditional update."""
    enough = Stock.objects.filter(
        product_id=sku, on_hand__gte=F("allocated") + quantity
    )
    return enough.update(allocated=F("allocated") + quantity) == 1


def free(sku: str) -> int:
    stock = Stock.objects.filter(product_id=sku).first()
    return stock.on_hand - stock.allocated if stock else 0


def move(order_id: UUID, kind: MovementKind, *, on_hand: int, allocated: int) -> None:
    """Move the counters of every line, so many times its quantity, and write why."""
    lines = list(AllocationLine.objects.filter(allocation_id=order_id))
    for line in lines:
        Stock.objects.filter(product_id=line.product_id).update(
            on_hand=F("on_hand") + on_hand * line.quantity,
            allocated=F("allocated") + allocated * line.quantity,
        )
    write_ledger(order_id, lines, kind, on_hand=on_hand, allocated=allocated)


def write_ledger(
    order_id: UUID,
    lines: Iterable[AllocationLine],
    kind: MovementKind,
    *,
    on_hand: int,
    allocated: int,
) -> None:
    at = clock.now()
    Movement.objects.bulk_create(
        Movement(
            product_id=line.product_id,
            kind=kind,
            on_hand=on_hand * line.quantity,
            allocated=allocated * line.quantity,
            order_id=order_id,
            at=at,
        )
        for line in lines
    )
