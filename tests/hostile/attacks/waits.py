"""Crowds that ask for what takes long: an order's end, an absent service."""

import asyncio

from tests.hostile.scenario import Attack, scenario
from tests.hostile.wire import Answer, Dropped, ask, request

WAITERS = 300
LOOKERS = 500
PATIENCE = 40.0
"""Seconds: a wait of 30 and a little."""


async def crowd(attack: Attack, requests: list[bytes], good: set[int]) -> None:
    """Send all at once; each must be answered with a good status or asked to return."""

    async def one(data: bytes) -> None:
        try:
            answer = await ask(attack.stage.orders, data, within=PATIENCE)
        except TimeoutError:
            attack.fault(f"no answer in {PATIENCE:g} s")
        except (Dropped, OSError) as error:
            attack.fault(f"no answer: {error}")
        else:
            if wrong := _wrong(answer, good):
                attack.fault(wrong)

    attack.connections = len(requests)
    await asyncio.gather(*map(one, requests))


def _wrong(answer: Answer, good: set[int]) -> str | None:
    if answer.status in good:
        return None
    if answer.status != 503:
        return f"answered {answer.status} {answer.body[:60]!r}"
    if not answer.says_when_to_return:
        return "503 without Retry-After"
    return None if answer.is_problem else "503 that is no problem document"


@scenario("products-of-an-absent-service", silent=True)
async def products(attack: Attack) -> None:
    """500 clients ask for the products at once while inventory is silent."""
    await crowd(attack, [request("GET", "/api/products")] * LOOKERS, {200})


@scenario("flood-of-waits", counts_places=True)
async def flood_of_waits(attack: Attack) -> None:
    """300 orders with `Prefer: wait=30` while inventory is silent, then it is back."""
    orders = [attack.stage.order(wait=30) for _ in range(WAITERS)]
    with attack.stage.inventory_silent():
        flood = asyncio.create_task(crowd(attack, orders, {201, 202}))
        await asyncio.sleep(attack.seconds)
    await flood
