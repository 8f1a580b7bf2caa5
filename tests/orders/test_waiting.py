"""A wait ends by a notice; by a look if that is lost; at once if the order ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from common.rpc import process_client
from orders import states, waiting
from orders.models import Order
from orders.orchestrator import orchestrator
from orders.waiting import Watch

pytestmark = pytest.mark.django_db(transaction=True)
Place = Callable[..., Order]
LONG = 600.0


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    """Watch on this test's loop; its look at the database ends with it."""
    process_client.bind()
    watch = Watch()
    yield watch
    if watch._looking:
        watch._looking.cancel()
    await process_client.close()


@pytest.fixture
def never_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_EVERY", LONG)


async def begun(watch: Watch, order: Order, seconds: float = 20) -> asyncio.Task[bool]:
    wait = asyncio.create_task(watch.until_ended(order.id, seconds))
    await asyncio.sleep(0)
    return wait


@pytest.mark.parametrize("number", ["4242424242424242", "4000000000000002"])
async def test_a_notice_ends_it(
    watch: Watch, placed: Place, never_looks: None, number: str
) -> None:
    order = await sync_to_async(placed)(number)
    waits = [await begun(watch, order) for _ in range(2)]
    await orchestrator.run(order.id)
    assert await asyncio.gather(*waits) == [True, True]
    assert not watch._waiting


async def test_an_order_that_ended_before_is_not_waited_for(
    watch: Watch, placed: Place, never_looks: None
) -> None:
    first, order = [await sync_to_async(placed)() for _ in range(2)]
    wait = await begun(watch, first)
    await orchestrator.run(order.id)
    assert await watch.until_ended(order.id, LONG)
    assert not wait.done()
    wait.cancel()


async def test_a_confirmed_order_that_is_cancelled_has_not_ended(
    watch: Watch, placed: Place, never_looks: None
) -> None:
    order = await sync_to_async(placed)()
    wait = await begun(watch, order)
    await orchestrator.run(order.id)
    assert await wait
    await sync_to_async(states.cancel)(order.id)
    assert not await watch.until_ended(order.id, 0.05)


async def test_a_notice_of_a_change_that_is_no_end_ends_nothing(
    watch: Watch, placed: Place, never_looks: None
) -> None:
    order = await sync_to_async(placed)()
    wait = await begun(watch, order, seconds=0.2)
    await sync_to_async(states.cancel)(order.id)
    assert not await wait


async def test_a_look_ends_it_if_the_notice_is_lost(
    watch: Watch, placed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_client, "_tell", lambda changed: None)
    order = await sync_to_async(placed)()
    wait = await begun(watch, order)
    await orchestrator.run(order.id)
    assert await wait


async def test_what_is_remembered_has_a_limit(
    watch: Watch, placed: Place, monkeypatch: pytest.MonkeyPatch, never_looks: None
) -> None:
    monkeypatch.setattr(waiting, "REMEMBERED", 3)
    watch._listen()
    ids = [str(uuid4()) for _ in range(5)]
    for one in ids:
        process_client.client().notices.tell({one: "confirmed"})
    assert list(watch._ended) == ids[2:]
