"""`python -m tests.large_ledger`: the audit of stock over millions of movements.

Fills a PostgreSQL server of its own, then times a page of the audit of 100 products:
without checkpoints, and with them.
"""

import os
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

import django

from tests.databases import postgresql

PRODUCTS = 100
FILL = """
    INSERT INTO inventory_allocation (order_id, state, decided_at, flagged)
    SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           'finalised', now(), false FROM generate_series(1, %(orders)s) n;
    INSERT INTO inventory_allocationline
           (allocation_id, product_id, quantity, unit_price, currency)
    SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           'P' || n %% %(products)s, 1, 100, 'EUR'
    FROM generate_series(1, %(orders)s) n;
    INSERT INTO inventory_movement (product_id, kind, on_hand, allocated, at, note)
    SELECT 'P' || n %% %(products)s, kind, on_hand, allocated, now(), ''
    FROM generate_series(1, %(orders)s) n,
         (VALUES ('receive', 1, 0), ('allocate', 0, 1), ('finalise', -1, -1))
         AS moved (kind, on_hand, allocated);
    ANALYZE;
"""


def main() -> None:
    """Measure."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--movements", type=int, default=6_000_000)
    movements = parser.parse_args().movements
    with postgresql() as server:
        server.create("ledger")
        os.environ["DJANGO_SETTINGS_MODULE"] = "inventory.settings"
        os.environ["INVENTORY_DATABASE_URL"] = server.url("ledger")
        os.environ["DB_STATEMENT_SECONDS"] = "0"
        django.setup()
        from django.core.management import call_command

        call_command("migrate", "inventory", "0004", verbosity=0)
        _fill(movements)
        began = time.perf_counter()
        call_command("migrate", verbosity=0)
        print(f"the migration: {time.perf_counter() - began:.0f} s", flush=True)
        _measure()


def _fill(movements: int) -> None:
    from django.db import connection

    from inventory import reports
    from inventory.models import Product, Stock

    skus = [f"P{n}" for n in range(PRODUCTS)]
    Product.objects.bulk_create(Product(sku=s, name=s, unit_price=1) for s in skus)
    Stock.objects.bulk_create(Stock(product_id=s) for s in skus)
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"orders": movements // 3, "products": PRODUCTS})
    _time("a page without checkpoints", reports.stock_accounts, after="", limit=100)


def _measure() -> None:
    from common.contracts.reports.inventory import AuditLedger
    from inventory import checkpoints, reports
    from inventory.models import LedgerCheckpoint

    print(f"{LedgerCheckpoint.objects.count()} checkpoints")
    for _ in range(3):
        _time("a page", reports.stock_accounts, after="", limit=100)
        _time("missing checkpoints", checkpoints.extend, after="", limit=100)
        _time("a sample", checkpoints.segments, asked=AuditLedger(sample=True))


def _time(what: str, report: Callable[..., Any], **asked: Any) -> None:
    began = time.perf_counter()
    report(**asked)
    print(f"{what}: {(time.perf_counter() - began) * 1000:.0f} ms", flush=True)


if __name__ == "__main__":
    main()
