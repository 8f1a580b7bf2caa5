"""The table "Orders" of the protocol: every move and every move that must not be."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from common.saga import leases, transitions
from orders import states
from orders.models import Order, StatusTransition
from tests.conftest import Clock
from tests.rules import claim, confirm

REASON: dict[str, object] = {"type": "urn:x:reason", "title": "x", "detail": "because"}
UPDATES: dict[str, Callable[[Order], bool]] = {
    "confirm": lambda order: confirm(order.id),
    "reject": lambda order: transitions.reject(Order, order.id, REASON),
    "cancel": lambda order: states.cancel(order.id),
    "expire": lambda order: transitions.expire(Order, order.id),
    "finish": lambda order: transitions.finish_compensation(Order, order.id),
}
ALLOWED = {
    ("placed", "confirm"): "confirmed",
    ("placed", "reject"): "compensating",
    ("placed", "cancel"): "compensating",
    ("placed", "expire"): "compensating",
    ("confirmed", "cancel"): "compensating",
    ("compensating", "finish"): "rejected",
}
STATUSES = ("placed", "confirmed", "compensating", "rejected", "cancelled", "expired")


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("status", STATUSES)
def test_an_update_moves_the_row_from_where_it_may_and_from_nowhere_else(
    placed: Callable[..., Order], stopped_clock: Clock, status: str, update: str
) -> None:
    order = placed()
    outcome = "" if status in {"placed", "confirmed"} else "rejected"
    Order.objects.update(
        status=status,
        outcome=outcome,
        total=100,
        deadline=stopped_clock.now,
        confirmed_at=stopped_clock.now,
    )
    expected = ALLOWED.get((status, update))

    assert UPDATES[update](order) == (expected is not None)

    order.refresh_from_db()
    assert order.status == (expected or status)
    recorded = StatusTransition.objects.exclude(start="").values_list("start", "end")
    assert list(recorded) == ([(status, expected)] if expected else [])


def test_expire_needs_the_deadline_to_have_passed(
    placed: Callable[..., Order], stopped_clock: Clock
) -> None:
    order = placed()
    assert not transitions.expire(Order, order.id)
    stopped_clock.now = order.deadline
    assert transitions.expire(Order, order.id)


def test_a_reason_is_never_rewritten(placed: Callable[..., Order]) -> None:
    order = placed()
    assert states.cancel(order.id)
    assert not transitions.reject(Order, order.id, REASON)
    order.refresh_from_db()
    assert order.reason is not None
    assert order.reason["title"] == "Cancelled"
    assert order.outcome == "cancelled"


def test_a_confirmed_order_can_be_cancelled_within_the_window_only(
    placed: Callable[..., Order], stopped_clock: Clock
) -> None:
    order = placed()
    Order.objects.update(total=100)
    confirm(order.id)
    stopped_clock.advance(1800)
    assert not states.cancel(order.id)
    stopped_clock.advance(-1)
    assert states.cancel(order.id)


def test_postponing_leaves_another_runners_lease_alone(
    placed: Callable[..., Order], stopped_clock: Clock
) -> None:
    order = placed()
    mine = claim(order.id)
    assert mine is not None
    stopped_clock.advance(leases.LEASE + 1)
    theirs = claim(order.id)
    assert theirs is not None
    leases.postpone(mine, 0)
    order.refresh_from_db()
    assert order.next_attempt_at == theirs.next_attempt_at


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "shipped"},
        {"status": "confirmed", "total": None},
        {"status": "compensating", "outcome": ""},
    ],
)
def test_the_database_refuses_rows_that_make_no_sense(
    placed: Callable[..., Order], broken: dict[str, object]
) -> None:
    placed()
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.update(**broken)
