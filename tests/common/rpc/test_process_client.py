"""A process has one client on one event loop."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async

from common.contracts.reports.inventory import ListProducts, ProductPage
from common.database import in_db_thread
from common.rpc import process_client

pytestmark = pytest.mark.django_db(transaction=True)


def test_plain_code_calls_through_one_daemon_thread(
    product: Callable[..., str],
) -> None:
    product("MUG")
    pages = [process_client.call_sync(ListProducts()) for _ in range(3)]
    assert [page.products[0].sku for page in pages] == ["MUG"] * 3
    assert [t.name for t in threading.enumerate()].count("calls") == 1


async def test_plain_code_beside_a_loop_posts_to_that_loop() -> None:
    process_client.bind()
    page = await sync_to_async(process_client.call_sync)(ListProducts())
    assert isinstance(page, ProductPage)
    assert "calls" not in [thread.name for thread in threading.enumerate()]


async def test_blocking_the_loop_is_refused() -> None:
    process_client.bind()
    with pytest.raises(RuntimeError, match="use `await call"):
        process_client.call_sync(ListProducts())


async def test_a_plain_handler_may_not_wait_for_the_pool_it_runs_in() -> None:
    process_client.bind()
    with pytest.raises(RuntimeError, match="must be `async def`"):
        await in_db_thread(process_client.call_sync, ListProducts())


async def test_a_second_loop_is_refused() -> None:
    process_client.bind()

    def other() -> None:
        async def call() -> None:
            await process_client.call(ListProducts())

        asyncio.run(call())

    with pytest.raises(RuntimeError, match="another event loop"):
        await sync_to_async(other)()


async def test_a_loop_that_was_closed_is_replaced() -> None:
    process_client.bind()
    await process_client.close()
    process_client.bind()
    assert isinstance(await process_client.call(ListProducts()), ProductPage)
