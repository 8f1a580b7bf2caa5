"""Clients that leave, politely (FIN) and at once (RST), at every stage of a request."""

import asyncio
import contextlib
import itertools
from collections.abc import Iterator

from tests.hostile.scenario import Attack, scenario
from tests.hostile.stage import STATIC, Stage
from tests.hostile.wire import Connection, Dropped, ask, request

AT_ONCE = 3
"""Clients that leave at the same stage in the same way."""
HANGING_UP = 12
"""More than DB_THREADS: each that kept a connection for good would be missed."""
KEYS = 15
STILL_SILENT = 12.0
"""Seconds after they left: some servers cancel what was abandoned after ten."""


def stages(stage: Stage) -> Iterator[tuple[bytes, int]]:
    """Yield what a client sends before it leaves, and how much it reads first."""
    order = stage.order()
    body_at = order.index(b"\r\n\r\n") + 4
    yield b"", 0
    yield b"PO", 0
    yield order[: body_at - 30], 0
    yield order[:body_at], 0
    yield order[:-5], 0
    yield order, 0
    yield request("GET", "/api/products"), 0
    yield request("GET", "/api/schema"), 0
    yield request("GET", STATIC), 1
    yield request("GET", STATIC) * 5, 1


@scenario("hang-ups")
async def hang_ups(attack: Attack) -> None:
    """Clients leave before a byte, in the head, in the body, at once, in the answer."""

    async def one(data: bytes, reads: int, rst: bool) -> None:
        with contextlib.suppress(Dropped, OSError):
            async with Connection(attack.stage.orders) as it:
                await it.send(data)
                for _ in range(reads):
                    await it.some()
                if rst:
                    it.reset()

    give_up = asyncio.get_running_loop().time() + attack.seconds
    cases = list(itertools.product(stages(attack.stage), (False, True)))
    attack.connections = AT_ONCE * len(cases)
    while asyncio.get_running_loop().time() < give_up:
        await asyncio.gather(
            *(one(*sent, rst) for sent, rst in cases for _ in range(AT_ONCE))
        )
        await asyncio.sleep(0.5)


@scenario("hang-ups-in-products", silent=True)
async def hang_ups_in_products(attack: Attack) -> None:
    """Clients ask an absent service and leave after a moment, and come again."""
    products = request("GET", "/api/products")
    give_up = asyncio.get_running_loop().time() + attack.seconds

    async def one(rst: bool) -> None:
        while asyncio.get_running_loop().time() < give_up:
            with contextlib.suppress(Dropped, OSError):
                async with Connection(attack.stage.orders) as it:
                    await it.send(products)
                    await asyncio.sleep(0.5)
                    if rst:
                        it.reset()

    attack.connections = 2 * HANGING_UP
    await asyncio.gather(*(one(bool(n % 2)) for n in range(2 * HANGING_UP)))


@scenario("hang-ups-with-keys")
async def hang_ups_with_keys(attack: Attack) -> None:
    """Three clients send each order at once and leave; its key is free afterwards."""

    async def leave(data: bytes) -> None:
        with contextlib.suppress(Dropped, OSError):
            async with Connection(attack.stage.orders) as it:
                await it.send(data)
                it.reset()

    async def come_back(data: bytes) -> None:
        for _ in range(50):
            with contextlib.suppress(Dropped, OSError):
                answer = await ask(attack.stage.orders, data)
                if answer.status not in {409, 503}:  # at work, or a crowd: come again
                    break
            await asyncio.sleep(0.1)
        else:
            attack.fault("a key is in use, or without an answer, for seconds")
            return
        if answer.status not in {201, 202}:
            attack.fault(f"a key is answered {answer.status} {answer.body[:60]!r}")

    orders = [attack.stage.order() for _ in range(KEYS)]
    attack.connections = 3 * KEYS
    await asyncio.gather(*(leave(order) for order in orders for _ in range(3)))
    await asyncio.gather(*map(come_back, orders))
    await asyncio.sleep(attack.seconds / 2)


@scenario("hang-ups-in-waits", silent=True, counts_places=True)
async def hang_ups_in_waits(attack: Attack) -> None:
    """Twelve customers leave during `Prefer: wait=30` while inventory is silent."""

    async def one(rst: bool) -> None:
        with contextlib.suppress(Dropped, OSError):
            async with Connection(attack.stage.orders) as it:
                await it.send(attack.stage.order(wait=30))
                await asyncio.sleep(1)
                if rst:
                    it.reset()

    attack.connections = HANGING_UP
    await asyncio.gather(*(one(bool(n % 2)) for n in range(HANGING_UP)))
    await asyncio.sleep(STILL_SILENT)
