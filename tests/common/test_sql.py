"""Statements in SQL: one text, and the same values, on both stores."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from common import clock, sql
from inventory.models import Allocation, AllocationLine, Product
from orders.models import Order
from tests.conftest import Clock

pytestmark = pytest.mark.django_db


def allocation(**fields: object) -> Allocation:
    known = {"order_id": uuid4(), "state": "held", "decided_at": clock.now()}
    return Allocation(**{**known, **fields})


def test_what_is_inserted_reads_as_the_orm_would_have_written_it(
    stopped_clock: Clock,
) -> None:
    later = datetime(2030, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    refusal = {"OutOfStock": {"lines": [{"sku": "Ü'%s{rows}", "free": 0}]}}
    ours = allocation(deadline=later, refusal=refusal, flagged=True)
    theirs = allocation(deadline=later, refusal=refusal, flagged=True)
    assert sql.insert([ours]) == [ours]
    theirs.save()
    found = [Allocation.objects.get(pk=one.pk) for one in (ours, theirs)]
    for name in ("state", "refusal", "decided_at", "deadline", "expires_at", "flagged"):
        mine, other = (getattr(one, name) for one in found)
        assert mine == other == getattr(ours, name)


def test_rows_whose_key_is_known_are_left_out() -> None:
    known, new, twin = allocation(), allocation(), allocation()
    sql.insert([known])
    twin.order_id = new.order_id
    assert sql.insert([known, new], unless="order_id") == [new]
    assert Allocation.objects.count() == 2
    with pytest.raises(IntegrityError):
        sql.insert([known])


def test_nothing_is_inserted_without_a_statement() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert sql.insert([]) == []
    assert len(queries) == 0


def test_objects_are_as_the_orm_reads_them(stopped_clock: Clock) -> None:
    order = Order.objects.create(
        id=uuid4(),
        key_scope="guests",
        key="k",
        status="placed",
        reason={"type": "urn:x", "ä": [1, None]},
        flags=["bulk-discount"],
        placed_at=stopped_clock.now,
        deadline=stopped_clock.now,
    )
    text = "SELECT {columns} FROM orders_order WHERE id = %(id)s"
    [found] = sql.objects(Order, text, id=order.id)
    [usual] = Order.objects.filter(id=order.id)
    names = [field.attname for field in Order._meta.concrete_fields]
    assert [getattr(found, n) for n in names] == [getattr(usual, n) for n in names]
    found.status = "compensating"
    found.outcome = "rejected"
    found.save(update_fields=["status", "outcome"])
    assert Order.objects.get().status == "compensating"


def test_values_of_strangers_are_values() -> None:
    Product.objects.create(sku="MUG", name="x", unit_price=1)
    nasty = "'; DROP TABLE inventory_product; --"
    text = "SELECT sku FROM inventory_product WHERE sku IN (VALUES {rows})"
    assert sql.run(text, [("MUG",), (nasty,), ("%s",), ("%(row0_0)s",)]) == [("MUG",)]
    assert sql.run("SELECT %(it)s", it=nasty) == [(nasty,)]


def test_row_locks_stay_where_they_are_known() -> None:
    Product.objects.create(sku="MUG", name="x", unit_price=1)
    text = "SELECT sku FROM inventory_product ORDER BY sku FOR UPDATE"
    assert sql.run(text) == [("MUG",)]


def test_keys_that_the_database_makes_are_its_own() -> None:
    Product.objects.create(sku="MUG", name="x", unit_price=1)
    held = allocation()
    line = {"allocation_id": held.order_id, "product_id": "MUG", "quantity": 1}
    sql.insert([held])
    sql.insert([AllocationLine(**line, unit_price=1, currency="EUR")])
    assert AllocationLine.objects.get().pk
    assert connection.in_atomic_block
