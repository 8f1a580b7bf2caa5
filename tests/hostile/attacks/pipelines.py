"""Many requests on one connection, and connections that are closed on one side."""

import asyncio
import itertools
from collections.abc import Callable
from functools import partial

from tests.hostile.scenario import Attack, scenario
from tests.hostile.wire import Connection, Dropped, request

CLIENTS = 20
PIPELINED = 100
HALF_CLOSED = 4
"""Clients for each kind of request."""
PATIENCE = 15.0


@scenario("pipelines")
async def pipelines(attack: Attack) -> None:
    """20 clients send 100 small requests at once; all are answered, in their order."""
    asked = [request("GET", "/health/live"), request("GET", "/api/nowhere")]
    expected = [200, 404]

    async def one() -> None:
        async with Connection(attack.stage.orders) as it:
            await it.send(b"".join(itertools.islice(itertools.cycle(asked), PIPELINED)))
            for number in range(PIPELINED):
                answer = await it.answer()
                if answer.status != expected[number % 2]:
                    attack.fault(f"a pipelined request got {answer.status}")

    attack.connections = CLIENTS
    await asyncio.gather(*(_patiently(attack, one()) for _ in range(CLIENTS)))


@scenario("half-closed")
async def half_closed(attack: Attack) -> None:
    """Clients that send a request and then close their side still get its answer."""
    look = request("GET", f"/api/orders/{attack.stage.order_id}")
    kinds: dict[str, tuple[Callable[[], bytes], set[int]]] = {
        "GET a page": (lambda: request("GET", "/api/docs"), {200}),
        "GET health": (lambda: request("GET", "/health/ready"), {200}),
        "GET an order": (lambda: look, {404}),
        "GET products": (lambda: request("GET", "/api/products"), {200}),
        "two GETs": (lambda: request("GET", "/health/live") * 2, {200}),
        "POST an order": (attack.stage.order, {202}),
        "POST an order and wait": (partial(attack.stage.order, wait=5), {201, 202}),
    }

    async def one(what: str, make: Callable[[], bytes], good: set[int]) -> None:
        async with Connection(attack.stage.orders) as it:
            await it.send(make())
            it.half_close()
            try:
                answer = await it.answer()
            except Dropped as error:
                attack.fault(f"{what}, half-closed: {error}")
            else:
                if answer.status not in good:
                    attack.fault(f"{what}, half-closed: answered {answer.status}")

    attack.connections = len(kinds) * HALF_CLOSED
    clients = (one(what, *kind) for what, kind in kinds.items() for _ in "1234")
    await asyncio.gather(*(_patiently(attack, client) for client in clients))


async def _patiently(attack: Attack, client: object) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await client  # type: ignore[misc]
    except TimeoutError:
        attack.fault(f"no answer in {PATIENCE:g} s")
    except (Dropped, OSError) as error:
        attack.fault(f"no answer: {error}")
