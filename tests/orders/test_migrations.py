"""A database of an earlier version keeps its orders, under the new names."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common import clock

FIRST = [("orders", "0001_initial")]
FIELDS = {
    "key_scope": "guests",
    "fingerprint": "",
    "card_token": "",
    "correlation_id": "c",
    "answered": 202,
    "runs": 3,
}


def migrate(targets: list[tuple[str, str]]) -> Any:
    """Migrate to some states; return the models as they are then."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


@pytest.fixture
def first(transactional_db: None) -> Iterator[Any]:
    yield migrate(FIRST)
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


@pytest.mark.slow
def test_orders_and_their_history_keep_their_meaning(first: Any) -> None:
    now = clock.now()
    times = {"placed_at": now, "deadline": now + timedelta(seconds=60)}
    order = first.get_model("orders", "Order").objects.create(
        id=uuid4(), key="1", status="undoing", outcome="rejected", **times, **FIELDS
    )
    first.get_model("orders", "Move").objects.create(
        order=order, start="placed", end="undoing", at=now
    )
    second = first.get_model("orders", "Order").objects.create(
        id=uuid4(), key="2", status="placed", **times, **FIELDS
    )

    steps = first.get_model("orders", "Step").objects
    for n in range(25):
        steps.create(order=order, name="s", service="x", outcome=str(n), at=now)

    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes("orders")
    apps = migrate(leaves)

    orders = apps.get_model("orders", "Order").objects
    kept = orders.get(id=order.pk)
    assert (kept.status, kept.outcome) == ("compensating", "rejected")
    assert (kept.first_status, kept.attempts, kept.traceparent) == (202, 3, "")
    (transition,) = kept.transitions.all()
    assert (transition.start, transition.end) == ("placed", "compensating")
    assert orders.get(id=second.pk).status == "placed"
    kept = apps.get_model("orders", "Step").objects.order_by("id")
    shown = [*range(10), *range(15, 25)]
    assert [int(step.outcome) for step in kept] == shown
    assert [step.left_out for step in kept if step.left_out] == [5]

    back = migrate(FIRST)
    assert back.get_model("orders", "Order").objects.get(id=order.pk).status == (
        "undoing"
    )
