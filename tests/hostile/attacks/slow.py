"""Clients that are slow on purpose: to ask, to send, to read."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from tests.hostile.scenario import Attack, Cost, scenario
from tests.hostile.stage import STATIC
from tests.hostile.wire import Connection, Dropped, request

CROWD = 200
PAUSE = 1.0
"""Seconds between two bytes."""
SMALL_BUFFER = 4096
PIPELINED = 200


async def crowd(
    attack: Attack,
    size: int,
    behave: Callable[[Connection], Awaitable[None]],
    *,
    receive_buffer: int | None = None,
) -> None:
    """Let so many clients behave badly at once, until time is up.

    That the server gets rid of one is its right, and not a fault.
    """

    async def one() -> None:
        with contextlib.suppress(Dropped, OSError, TimeoutError):
            async with (
                asyncio.timeout(attack.seconds),
                Connection(attack.stage.orders, receive_buffer=receive_buffer) as it,
            ):
                await behave(it)

    attack.connections = max(attack.connections, size)
    await asyncio.gather(*(one() for _ in range(size)))


@scenario("slow-headers")
async def slow_headers(attack: Attack) -> None:
    """200 clients send a header one byte a second, and never come to its end."""

    async def behave(it: Connection) -> None:
        await it.send(b"GET /api/docs HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        await it.dribble(b"z" * 1000, PAUSE)

    await crowd(attack, CROWD, behave)


@scenario("slow-bodies")
async def slow_bodies(attack: Attack) -> None:
    """200 clients promise a body; half of them dribble it, the others send nothing."""
    numbers = iter(range(CROWD))

    async def behave(it: Connection) -> None:
        headers = {"content_type": "application/json", "content_length": "5000"}
        await it.send(request("POST", "/api/orders", **headers))
        await it.dribble(b"{" * 5000 if next(numbers) % 2 else b"", PAUSE)
        await asyncio.sleep(attack.seconds)

    await crowd(attack, CROWD, behave)


@scenario("slow-readers", cost=Cost(files=128))  # each has its file open
async def slow_readers(attack: Attack) -> None:
    """100 clients ask for the largest file and read none of it."""

    async def behave(it: Connection) -> None:
        await it.send(request("GET", STATIC))
        await asyncio.sleep(attack.seconds)

    await crowd(attack, 100, behave, receive_buffer=SMALL_BUFFER)


@scenario("slow-reader-pipelines", cost=Cost(mib=64))
async def slow_reader_pipelines(attack: Attack) -> None:
    """One client asks 200 times for the largest file at once and reads nothing."""

    async def behave(it: Connection) -> None:
        await it.send(request("GET", STATIC) * PIPELINED)
        await asyncio.sleep(attack.seconds)

    await crowd(attack, 1, behave, receive_buffer=SMALL_BUFFER)
