"""Old workers and new ones side by side: a request that is too new has to wait."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async

from common.channel_layer import RedisChannelLayer
from common.conf.backends import channel_layer
from common.contracts.inventory import AllocateInventory
from common.rpc import process_client
from common.rpc.client import Client
from common.rpc.contract import CONTRACTS
from common.rpc.errors import NotDone, NotServed
from common.rpc.transports.channel import Channel
from common.rpc.transports.local import Local
from orders.models import Order
from orders.orchestrator import orchestrator
from suite.supervisor import Program, Supervisor, manage, run_to_end
from tests.common.conftest import working
from tests.common.rpc import echo
from tests.common.rpc.echo import Echo
from tests.orders.conftest import placed, row  # noqa: F401 fixtures


async def test_a_version_that_a_worker_does_not_know_yet_is_not_served(
    client: Client, layer: RedisChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, _, heard = echo.make()

    class Older(Echo, frozen=True, kw_only=True):
        version = 0

    monkeypatch.setitem(CONTRACTS, ("echo", "Echo"), Older)
    async with working(service, layer):
        with pytest.raises(NotServed, match="Echo version 1; this is version 0"):
            await client.call(Echo(text="hello"), timeout=8)
    assert heard == []
    assert issubclass(NotServed, NotDone)


@pytest.mark.parametrize("missing", ["the contract", "its handler"])
async def test_a_request_that_a_worker_does_not_know_yet_is_not_served(
    client: Client,
    layer: RedisChannelLayer,
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
) -> None:
    service, _, _ = echo.make()
    if missing == "the contract":
        monkeypatch.delitem(CONTRACTS, ("echo", "Echo"))
    else:
        del service.handlers[Echo]
    async with working(service, layer):
        with pytest.raises(NotServed, match="Echo"):
            await client.call(Echo(text="hello"), timeout=8)


# ── a whole order ────────────────────────────────────────────────────────────


@pytest.fixture
def inventory(tmp_path: Path, bus_url: str) -> Iterator[Callable[..., Supervisor]]:
    """Return a function that starts a worker of inventory, beside those that run."""
    env = {"RUN_DIR": str(tmp_path), "BUS_URL": bus_url}
    with redis.Redis.from_url(bus_url) as server:
        server.flushall()
    for command in (("migrate", "-v0"), ("seed",)):
        argv = manage("inventory", *command)
        run_to_end(
            Program(name="prepare", argv=argv, ready="", env=env), lambda *_: None
        )
    with Supervisor(restart=False) as supervisor:

        def start(name: str, *argv: str) -> Supervisor:
            ready = "worker started"
            supervisor.start(Program(name=name, argv=[*argv], ready=ready, env=env))
            return supervisor

        yield start


@pytest.mark.slow
async def test_an_order_waits_for_the_worker_that_knows_its_request(
    inventory: Callable[..., Supervisor],
    placed: Callable[..., Order],  # noqa: F811
    row: Callable[[Order], dict[str, Any]],  # noqa: F811
    bus_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await sync_to_async(inventory)("old", *manage("inventory", "work"))
    layer = RedisChannelLayer(**channel_layer(bus_url)["CONFIG"])
    local = Local(process_client.find_service)
    ways = {"orders": local, "payments": local, "inventory": Channel(layer, "orders")}
    monkeypatch.setattr(process_client, "_transports", lambda channel: ways)
    monkeypatch.setattr(AllocateInventory, "version", 2)

    order = await sync_to_async(placed)()
    steps = await steps_until(order, lambda steps: len(steps) >= 4)
    assert all(step.startswith("NotServed: ") for step in steps[1:])
    now = await sync_to_async(row)(order)
    assert (now["status"], now["flagged"]) == ("placed", False)

    new = [sys.executable, "-m", "tests.common.rpc.newer"]
    await sync_to_async(inventory)("new", *new)  # the old one is still there
    await steps_until(order, lambda steps: len(steps) > 4 and "ok" in steps[-1])
    give_up = time.monotonic() + 30
    while (now := await sync_to_async(row)(order))["status"] == "placed":
        assert time.monotonic() < give_up
        await orchestrator.sweep()
        await asyncio.sleep(0.05)
    assert (now["status"], now["flagged"]) == ("confirmed", False)
    await process_client.close()


async def steps_until(order: Order, enough: Callable[[list[str]], bool]) -> list[str]:
    """Sweep until an order has tried steps enough; return their outcomes."""
    async with asyncio.timeout(40):
        while True:
            await orchestrator.sweep()
            steps = [step.outcome async for step in order.steps.order_by("pk")]
            if enough(steps):
                return steps
            await asyncio.sleep(0.05)
