"""The databases between two seeds: plain DELETEs, ten times as fast as `flush`."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from inventory.models import Movement, MovementKind, Product, Stock
from payments.models import Card

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
PIECES = {"CUP": 5, "LAST": 1, "POT": 50}
PRICE = 100
CARDS = {
    "good": "pm_card_visa",
    "declined": "pm_card_visa_chargeDeclined",
    "fails": "pm_card_refundFail",
}
TOKENS = (*("good",) * 6, "declined", "fails", "fails", "unknown")
EMPTIED = (
    "orders_step", "orders_statustransition", "orders_orderline", "orders_order",
    "inventory_movement", "inventory_allocationline", "inventory_allocation",
    "inventory_stock", "payments_entry", "payments_charge",
    "demo_gateway_operation",
)  # fmt: skip


OPEN = """
    SELECT 1 FROM orders_order WHERE status IN ('placed', 'compensating')
    UNION ALL SELECT 1 FROM payments_charge WHERE state IN ('intent', 'refunding')
    UNION ALL SELECT 1 FROM demo_gateway_operation WHERE fails_at IS NOT NULL
        AND order_id NOT IN (SELECT charge_id FROM payments_entry WHERE kind='reversal')
    LIMIT 1
"""


OVERSOLD = """
    SELECT product_id, allocated, on_hand FROM inventory_stock
    WHERE NOT (0 <= allocated AND allocated <= on_hand)
"""


_sqlite: Any = None
"""The connection itself: inside a running loop Django would make a new one."""


def read(query: str, *values: object) -> list[tuple[Any, ...]]:
    """Look into the database from outside: no process's time passes meanwhile."""
    return list(_sqlite.execute(query, values))


def all_settled() -> bool:
    """Tell whether nothing is under way any more."""
    return not read(OPEN)


def oversold() -> list[str]:
    """Return what must not be even for a moment: more allocated than there is."""
    return [f"{sku}: 1: {n} allocated of {of}" for sku, n, of in read(OVERSOLD)]


def change_prices() -> None:
    """Issue a new price list."""
    Product.objects.update(unit_price=F("unit_price") + 1)


def create() -> None:
    """Fill in what no seed changes."""
    Product.objects.bulk_create(
        Product(sku=sku, name=sku, unit_price=PRICE) for sku in PIECES
    )
    Card.objects.bulk_create(
        Card(token=token, method=method, brand="visa", last4="4242", created_at=BEGUN)
        for token, method in CARDS.items()
    )


def reset() -> None:
    """Empty the tables and fill the shelves."""
    global _sqlite
    connection.ensure_connection()
    _sqlite = connection.connection
    with transaction.atomic(), connection.cursor() as cursor:
        for table in EMPTIED:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 names of ours
        Product.objects.update(unit_price=PRICE)
        Stock.objects.bulk_create(
            Stock(product_id=sku, on_hand=pieces) for sku, pieces in PIECES.items()
        )
        Movement.objects.bulk_create(
            Movement(
                product_id=sku,
                kind=MovementKind.RECEIVE,
                on_hand=pieces,
                allocated=0,
                at=BEGUN,
            )
            for sku, pieces in PIECES.items()
        )
