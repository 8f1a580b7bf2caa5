"""What is asked again and again is found by an index, not by reading the table."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet

from orders.access import orders_of
from orders.models import Order
from orders.orchestrator import orchestrator
from orders.pages import NewestFirst
from payments import late_refunds

pytestmark = pytest.mark.django_db(transaction=True)


def a_customers_page() -> QuerySet[Order]:
    ada = User.objects.create_user("ada")
    return orders_of(ada).order_by(*NewestFirst.ordering)[: NewestFirst.page_size]


ASKED: dict[str, Callable[[], QuerySet]] = {  # type: ignore[type-arg]
    "a customer's orders": a_customers_page,
    "orders that need attention": lambda: Order.objects.filter(
        needs_attention=True
    ).order_by("placed_at"),
    "orders that are due": orchestrator._due,
    "refunds that are due": late_refunds._due,
    "news for orders": late_refunds._to_notify,
}


@pytest.mark.parametrize("question", ASKED)
def test_no_question_reads_a_whole_table(question: str) -> None:
    if connection.vendor == "sqlite" and question == "refunds that are due":
        pytest.skip("three ranges: SQLite takes a quarter of the table for each")
    asked = ASKED[question]()
    with transaction.atomic():
        if connection.vendor == "postgresql":
            connection.cursor().execute("SET LOCAL enable_seqscan = off")
        plan = asked.explain().lower()
    assert "index" in plan
    for slow in ("seq scan", "scan orders_order\n", "scan payments_charge\n"):
        assert slow not in f"{plan}\n"
    if question == "a customer's orders":
        assert "sort" not in plan and "temp b-tree" not in plan
