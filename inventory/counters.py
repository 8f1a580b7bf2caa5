"""Stock's counters and the ledger that explains them, always written together."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import F

from common import clock, sql
from inventory.models import Movement, MovementKind, Stock

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


def move(
    order_ids: Collection[UUID], kind: MovementKind, *, on_hand: int, allocated: int
) -> None:
    """Move the counters of every line, so many times its quantity, and write why.

    The counters are locked in the order of their SKUs, so that two of these never wait
    for each other; and before the ledger is written, so that the ids of a product's
    movements are in the order in which they are committed.
    """
    if not order_ids:
        return
    rows = [(order_id,) for order_id in order_ids]
    sql.run(
        """
        UPDATE inventory_stock
        SET on_hand = on_hand + %(on_hand)s * moved.quantity,
            allocated = allocated + %(allocated)s * moved.quantity
        FROM (
            SELECT locked.sku, SUM(locked.quantity) AS quantity
            FROM (
                SELECT stock.product_id AS sku, line.quantity
                FROM inventory_allocationline AS line
                JOIN inventory_stock AS stock ON stock.product_id = line.product_id
                WHERE line.allocation_id IN (VALUES {rows})
                ORDER BY stock.product_id FOR UPDATE OF stock
            ) AS locked
            GROUP BY locked.sku
        ) AS moved
        WHERE product_id = moved.sku
        """,
        rows,
        on_hand=on_hand,
        allocated=allocated,
    )
    sql.run(
        """
        INSERT INTO inventory_movement
            (product_id, kind, on_hand, allocated, order_id, at, note)
        SELECT product_id, %(kind)s, %(on_hand)s * quantity, %(allocated)s * quantity,
               allocation_id, %(at)s, ''
        FROM inventory_allocationline WHERE allocation_id IN (VALUES {rows})
        """,
        rows,
        kind=kind,
        on_hand=on_hand,
        allocated=allocated,
        at=clock.now(),
    )
