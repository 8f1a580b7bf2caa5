"""What must be there again when an attack is over."""

import asyncio
import json
import time
from collections.abc import Iterator

from tests.hostile.figures import Figures
from tests.hostile.scenario import Scenario
from tests.hostile.stage import STATIC, WARM_UP, Stage
from tests.hostile.wire import HONEST, Answer, Dropped, ask, request

BACK_WITHIN = 12.0
"""Seconds after the attack, in which everything has to come back."""
CONFIRMED_WITHIN = 25.0
"""Seconds for an order: there may be a crowd of orders in front of it."""
LEFT_OVER = Figures(threads=8, files=16, mib=20, connections=2, database=0)
"""How far above the baseline a process may stay: pools that had room left fill up."""
DATABASE_POOL = 10
"""Connections that may stay: DB_THREADS of 8, and the readiness check's."""
ASKED_AT_ONCE = 48
"""Waiting requests that are sent to count the places; the default is 32 of them."""


def wait(
    stage: Stage, scenario: Scenario, before: dict[str, Figures]
) -> tuple[dict[str, Figures], list[str]]:
    """Wait until everything is back; return the figures then, and what is not."""
    give_up = time.monotonic() + BACK_WITHIN
    while True:
        after = {one: stage.process(one).figures() for one in scenario.victims}
        missing = [
            what
            for service in scenario.victims
            for what in _not_back(stage, service, before[service], after[service])
        ]
        if not missing or time.monotonic() > give_up:
            break
        time.sleep(0.2)
    return after, missing or asyncio.run(_order_goes_through(stage))


def _not_back(
    stage: Stage, service: str, before: Figures, after: Figures
) -> Iterator[str]:
    if after == Figures():
        yield f"{service}'s process is gone"
        return
    for what, now, most in (
        ("threads", after.threads, before.threads + LEFT_OVER.threads),
        ("open files", after.files, before.files + LEFT_OVER.files),
        ("MiB", after.mib, before.mib + LEFT_OVER.mib),
        (
            "connections",
            after.connections,
            before.connections + LEFT_OVER.connections,
        ),
        ("database connections", after.database, max(before.database, DATABASE_POOL)),
    ):
        if now > most:
            yield f"{service} keeps {now} {what}, at most {most} are right"
    health = asyncio.run(_ask(stage.port(service), request("GET", "/health/ready")))
    if not isinstance(health, Answer) or health.status != 200:
        yield f"{service} is not ready: {_said(health)}"


async def _order_goes_through(stage: Stage) -> list[str]:
    """Place an order as an honest shopper and see it confirmed."""
    placed = await _ask(stage.orders, stage.order())
    if not isinstance(placed, Answer) or placed.status != 202:
        return [f"afterwards an order is answered with {_said(placed)}"]
    order = json.loads(placed.body)
    look = request("GET", f"/api/orders/{order['id']}", order_token=order["token"])
    give_up, seen = time.monotonic() + CONFIRMED_WITHIN, "nothing"
    while time.monotonic() < give_up:
        answer = await _ask(stage.orders, look)
        if isinstance(answer, Answer) and answer.status == 200:
            seen = answer.json()["status"]
        if seen == "confirmed":
            return []
        await asyncio.sleep(0.1)
    return [f"afterwards an order is not confirmed in {CONFIRMED_WITHIN:g} s: {seen}"]


async def _ask(port: int, data: bytes) -> Answer | Exception:
    try:
        return await ask(port, data, within=8, source=HONEST)
    except (Dropped, OSError) as error:
        return error


def _said(answer: Answer | Exception) -> str:
    if isinstance(answer, Answer):
        return f"{answer.status} {answer.body[:120]!r}"
    return str(answer) or type(answer).__name__


def waiting_places(stage: Stage) -> int:
    """Count how many requests may wait at once for the end of an order.

    While inventory is silent no order ends. So a request that asked to wait for four
    seconds and had a place says so (`Preference-Applied`), and the others do not.
    """

    async def patiently(order: bytes) -> Answer | Exception:
        while isinstance(answer := await _ask(stage.orders, order), Answer):
            if answer.status != 503:
                break
            await asyncio.sleep(0.3)
        return answer

    async def count() -> int:
        requests = (stage.order(wait=4) for _ in range(ASKED_AT_ONCE))
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*map(patiently, requests))
        return sum(
            isinstance(one, Answer) and "preference-applied" in one.headers
            for one in answers
        )

    with stage.inventory_silent():
        return asyncio.run(count())


def places_lost(stage: Stage, before: int) -> list[str]:
    """Count again; a fifth less is the machine's doing, since no count is exact."""
    stage.all_orders_end()
    after = waiting_places(stage)
    stage.all_orders_end()
    if after >= before * 4 / 5:
        return []
    return [f"{before} requests could wait at once before, {after} afterwards"]


def warm_up(stage: Stage, *services: str) -> None:
    """Use fresh processes as a busy hour does: their pools and caches fill up."""

    async def use() -> None:
        probes = [stage.shop().probe(number) for number in range(6 * WARM_UP)]
        for start in range(0, len(probes), WARM_UP):
            batch = probes[start : start + WARM_UP]
            await asyncio.gather(*(_ask(port, data) for _, port, data, _ in batch))
        for service in services:
            page = request("GET", "/admin/login/")
            port = stage.port(service)
            await asyncio.gather(*(_ask(port, page) for _ in range(WARM_UP)))
            if service != "inventory":
                await asyncio.gather(
                    *(_ask(port, request("GET", STATIC)) for _ in "123")
                )

    asyncio.run(use())
