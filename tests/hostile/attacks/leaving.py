"""SIGTERM, while clients are in the middle of something."""

import asyncio
import contextlib
import time

from tests.hostile.attacks.waits import crowd
from tests.hostile.scenario import Attack, scenario
from tests.hostile.stage import STATIC
from tests.hostile.wire import Answer, Connection, Dropped, ask, request

WAITERS = 10
AT_ONCE = 6
"""Of each kind: what a browser sends."""
GONE_WITHIN = 12.0
"""Seconds: the ten that docs/design.md promises, and a little."""


async def leave(attack: Attack) -> None:
    """Tell the orders web to leave, and hold it against its promise."""
    began = time.monotonic()
    terminate = attack.stage.terminate
    status = await asyncio.to_thread(terminate, "orders", within=2 * GONE_WITHIN)
    took = time.monotonic() - began
    if took > GONE_WITHIN:
        attack.fault(f"the process took {took:.0f} s to leave, at most 10 are promised")
    if status != 0:
        attack.fault(f"the process left with status {status}")


@scenario("told-to-leave-during-waits", silent=True, ends_process=True)
async def during_waits(attack: Attack) -> None:
    """SIGTERM during ten waits: they are answered early, and the process leaves."""

    async def one() -> Answer | Exception:
        try:
            order = attack.stage.order(wait=30)
            return await ask(attack.stage.orders, order, within=3 * GONE_WITHIN)
        except (Dropped, OSError, TimeoutError) as error:
            return error

    waits = [asyncio.create_task(one()) for _ in range(WAITERS)]
    await asyncio.sleep(min(2, attack.seconds))
    await leave(attack)
    for answer in await asyncio.gather(*waits):
        if not isinstance(answer, Answer):
            attack.fault(f"a wait was not answered: {answer!r}")
        elif answer.status not in {201, 202}:
            attack.fault(f"a wait was answered {answer.status}")


@scenario("just-started", ends_process=True)
async def just_started(attack: Attack) -> None:
    """A process that has just started meets a crowd before anything was loaded."""
    await asyncio.to_thread(attack.stage.start_again, "orders")
    first = [request("GET", path) for path in ("/api/schema", "/api/docs", STATIC)]
    look = request(
        "GET",
        f"/api/orders/{attack.stage.order_id}",
        order_token=attack.stage.order_token,
    )
    orders = [attack.stage.order() for _ in range(AT_ONCE)]
    await crowd(attack, [*first * AT_ONCE, *[look] * AT_ONCE, *orders], {200, 202})


@scenario("told-to-leave-in-a-crowd", ends_process=True)
async def in_a_crowd(attack: Attack) -> None:
    """SIGTERM among the idle, slow senders and slow readers: the process leaves."""
    body = request("POST", "/api/orders", content_length="500")
    behaviours = (b"", b"GET / HT", body, request("GET", STATIC) * 20)

    async def one(data: bytes) -> None:
        with contextlib.suppress(Dropped, OSError):
            async with Connection(attack.stage.orders, receive_buffer=4096) as it:
                await it.send(data)
                await asyncio.sleep(3 * GONE_WITHIN)

    clients = [asyncio.create_task(one(data)) for data in behaviours * 10]
    await asyncio.sleep(min(2, attack.seconds))
    await leave(attack)
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
