"""Overdue holds: inventory asks orders, and believes only what cannot change."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from structlog.testing import capture_logs

from common.contracts.inventory import Line
from common.contracts.orders import GetOrderOutcome, OrderOutcome, UnknownOrder
from common.rpc.errors import NoReply
from inventory import overdue, stock
from inventory.models import Allocation
from tests.conftest import Clock
from tests.rules import allocate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(product: Callable[..., str], order_id: UUID, stopped_clock: Clock) -> UUID:
    """Hold stock for an order, and let the hold become overdue."""
    product("MUG")
    deadline: datetime = stopped_clock.now
    stopped_clock.advance(-10)
    lines = (Line(sku="MUG", quantity=1),)
    allocate(order_id, lines, deadline)
    stopped_clock.advance(10 + 61)
    return order_id


async def sweep(answer: str | Exception) -> list[UUID]:
    """Sweep, with orders answering so, and return which orders were asked about."""
    asked: list[UUID] = []

    async def ask(request: GetOrderOutcome) -> OrderOutcome:
        asked.append(request.order_id)
        if isinstance(answer, Exception):
            raise answer
        return OrderOutcome(status=answer)

    await overdue.sweep(ask)
    return asked


async def allocation(order_id: UUID) -> Allocation:
    return await sync_to_async(Allocation.objects.get)(order_id=order_id)


@pytest.mark.parametrize("status", ["compensating", "rejected", "cancelled", "expired"])
async def test_an_irrevocable_end_releases_the_hold(held: UUID, status: str) -> None:
    assert await sweep(status) == [held]
    assert (await allocation(held)).state == "released"


@pytest.mark.parametrize("answer", ["placed", "confirmed", NoReply("down")])
async def test_anything_else_keeps_the_hold_and_asks_again_later(
    held: UUID, answer: str | Exception, stopped_clock: Clock
) -> None:
    assert await sweep(answer) == [held]
    kept = await allocation(held)
    assert (kept.state, kept.flagged) == ("held", False)
    assert await sweep(answer) == [], "not at once"
    stopped_clock.advance(overdue.ASK_AGAIN_AFTER)
    assert await sweep(answer) == [held]


async def test_an_order_that_orders_does_not_know_is_kept_and_flagged(
    held: UUID,
) -> None:
    await sweep(UnknownOrder())
    kept = await allocation(held)
    assert (kept.state, kept.flagged) == ("held", True)


async def test_an_unknown_order_is_told_of_once_and_asked_about_ever_more_seldom(
    held: UUID, stopped_clock: Clock
) -> None:
    asked = []
    with capture_logs() as logs:
        for _ in range(24 * 60):  # a day of minutes
            asked += await sweep(UnknownOrder())
            stopped_clock.advance(60)
    assert 24 <= len(asked) < 40
    assert [log["event"] for log in logs].count("hold of an unknown order") == 1
    assert (await allocation(held)).state == "held"
    stopped_clock.advance(overdue.LONGEST_PAUSE)
    await sweep("expired")
    assert (await allocation(held)).state == "released", "orders knows it at last"


async def test_a_hold_that_is_not_overdue_is_nobodys_question(
    held: UUID, stopped_clock: Clock
) -> None:
    stopped_clock.advance(-30)
    assert await sweep("expired") == []


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("bug"), ConnectionError("gone"), TimeoutError("late")]
)
async def test_a_hold_that_fails_keeps_no_other_waiting(
    held: UUID,
    stopped_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    monkeypatch.setattr(overdue.HOLDS, "at_a_time", 1)
    second = uuid4()
    await sync_to_async(hold_overdue)(second, stopped_clock)

    async def ask(request: GetOrderOutcome) -> OrderOutcome:
        if request.order_id == held:
            raise error
        return OrderOutcome(status="expired")

    with suppress(ConnectionError):  # an outage is for the worker to tell
        await overdue.sweep(ask)
    assert (await allocation(held)).state == "held"
    assert (await allocation(second)).state == "released"


async def test_a_bug_in_the_release_keeps_no_other_waiting(
    held: UUID, stopped_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overdue.HOLDS, "at_a_time", 1)
    second = uuid4()
    await sync_to_async(hold_overdue)(second, stopped_clock)
    real = stock.release_overdue_hold

    def release(*, order_id: UUID) -> bool:
        if order_id == held:
            raise ZeroDivisionError
        return real(order_id=order_id)

    monkeypatch.setattr(stock, "release_overdue_hold", release)
    assert await sweep("expired") == [held, second]
    assert (await allocation(second)).state == "released"


def hold_overdue(order_id: UUID, clock: Clock) -> None:
    """Hold stock for another order, overdue since a moment ago."""
    lines = (Line(sku="MUG", quantity=1),)
    clock.advance(-71)
    deadline = clock.now + timedelta(seconds=10)
    allocate(order_id, lines, deadline)
    clock.advance(71)
