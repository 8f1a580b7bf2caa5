"""Overdue holds: inventory asks orders, and believes only what cannot change."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async

from common.contracts.inventory import Line
from common.contracts.orders import GetOrderOutcome, OrderOutcome, UnknownOrder
from common.errors import NoReply
from inventory import overdue, stock
from inventory.models import Allocation
from tests.conftest import Clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(product: Callable[..., str], order_id: UUID, stopped_clock: Clock) -> UUID:
    """Hold stock for an order, and let the hold become overdue."""
    product("MUG")
    deadline: datetime = stopped_clock.now
    stopped_clock.advance(-10)
    lines = (Line(sku="MUG", quantity=1),)
    stock.allocate(order_id=order_id, lines=lines, deadline=deadline)
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


@pytest.mark.parametrize("status", ["undoing", "rejected", "cancelled", "expired"])
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


async def test_a_hold_that_is_not_overdue_is_nobodys_question(
    held: UUID, stopped_clock: Clock
) -> None:
    stopped_clock.advance(-30)
    assert await sweep("expired") == []
