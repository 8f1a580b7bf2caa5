"""An order's page stays small however long a service has been away."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from common import clock
from orders.access import guest_token
from orders.models import Order, Status, StatusTransition, Step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(order_id: Any) -> Order:
    """Place a guest's order, without any history."""
    return Order.objects.create(
        id=order_id,
        key_scope="guests",
        key="k",
        status=Status.COMPENSATING,
        outcome=Status.EXPIRED,
        card_token="t",
        placed_at=clock.now(),
        deadline=clock.now(),
    )


def tried(order: Order, name: str, count: int, *, after: int = 0) -> None:
    """Write so many steps, a second apart."""
    Step.objects.bulk_create(
        Step(
            order=order,
            name=name,
            service="payments",
            outcome=f"Busy {n}",
            at=order.placed_at + timedelta(seconds=after + n),
        )
        for n in range(count)
    )


def read(api: APIClient, order: Order) -> list[dict[str, Any]]:
    headers = {"Order-Token": guest_token(order.id)}
    answer = api.get(f"/api/orders/{order.id}", headers=headers)
    assert answer.status_code == 200
    timeline: list[dict[str, Any]] = answer.json()["timeline"]
    return timeline


def test_of_many_steps_the_first_and_the_last_are_shown(
    api: APIClient, order: Order
) -> None:
    tried(order, "refund card", 3000)
    timeline = read(api, order)
    shown = [entry["outcome"] for entry in timeline]
    assert shown[:10] == [f"Busy {n}" for n in range(10)]
    assert shown[11:] == [f"Busy {n}" for n in range(2990, 3000)]
    gap = timeline[10]
    assert (gap["step"], gap["left_out"]) == ("refund card", 2980)
    assert "2980" in gap["outcome"]
    assert sum(entry["left_out"] for entry in timeline) == 2980


def test_each_name_has_its_own_ends_and_all_moves_are_there(
    api: APIClient, order: Order
) -> None:
    tried(order, "allocate inventory", 1)
    tried(order, "refund card", 25, after=1)
    tried(order, "release inventory", 20, after=30)
    for n in range(30):
        StatusTransition.objects.create(
            order=order, start="a", end=str(n), at=clock.after(10_000 + n)
        )
    timeline = read(api, order)
    counts: dict[str, int] = {}
    for entry in timeline:
        counts[entry["step"].split()[0]] = counts.get(entry["step"].split()[0], 0) + 1
    assert counts == {"allocate": 1, "refund": 21, "release": 20, "a": 30}
    assert [entry["left_out"] for entry in timeline if entry["left_out"]] == [5]
    assert [e["at"] for e in timeline] == sorted(e["at"] for e in timeline)


@pytest.mark.parametrize("count", [0, 1, 19, 20])
def test_few_steps_are_shown_whole(api: APIClient, order: Order, count: int) -> None:
    tried(order, "refund card", count)
    timeline = read(api, order)
    assert [e["outcome"] for e in timeline] == [f"Busy {n}" for n in range(count)]
    assert not any(entry["left_out"] for entry in timeline)


def test_as_many_rows_are_read_for_a_long_history_as_for_a_short_one(
    api: APIClient, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []
    real = Step.from_db.__func__  # type: ignore[attr-defined]

    def from_db(cls: type[Step], *args: Any) -> Step:
        loaded.append(1)
        return real(cls, *args)  # type: ignore[no-any-return]

    monkeypatch.setattr(Step, "from_db", classmethod(from_db))
    tried(order, "refund card", 5000)
    with CaptureQueriesContext(
        connection,
    ) as long:
        read(api, order)
    assert len(loaded) < 60
    assert len(long) < 12


def test_a_usual_order_takes_one_statement_for_its_steps(
    api: APIClient, order: Order
) -> None:
    tried(order, "refund card", 6)
    with CaptureQueriesContext(connection) as asked:
        read(api, order)
    assert sum("orders_step" in query["sql"] for query in asked.captured_queries) == 1
