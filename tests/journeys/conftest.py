"""The whole suite in processes of its own, started as the demo starts it."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from common.conf.embedded import embedded_bus_url
from common.rpc.client import Client
from suite import audit
from suite.client import connect
from suite.programs import Suite
from suite.shop import Shop
from suite.supervisor import Supervisor
from tests.databases import Databases, databases
from tests.journeys.wire import wire
from tests.ports import free_ports

GENEROUS = {
    f"THROTTLE_{name}": "100000/min" for name in ("ORDERS", "READS", "CARDS", "LOGIN")
}


CHARGED_TWICE = """
    SELECT order_id FROM demo_gateway_operation
    WHERE kind = 'charge' AND outcome = 'approved'
    GROUP BY order_id HAVING count(*) > 1
"""
"""Asks the gateway's books, not ours."""


class Running:
    """A running suite: its programs, its shop and its bus."""

    def __init__(
        self, suite: Suite, supervisor: Supervisor, databases: Databases
    ) -> None:
        self.suite, self.supervisor, self.databases = suite, supervisor, databases
        self.shop = Shop(suite.url("orders"), suite.url("payments"))
        self.bus_url = suite.bus_url
        self.log: list[str] = []

    def restart(self, *names: str) -> None:
        """Start programs again that were killed."""
        programs = {program.name: program for program in self.programs()}
        self.supervisor.start(*(programs[name] for name in names))

    def programs(self) -> list[Any]:
        services = self.suite.services
        return [
            self.suite.bus(),
            *map(self.suite.web, services),
            *map(self.suite.worker, services),
        ]

    def with_client(self, work: Callable[[Client], Awaitable[Any]]) -> Any:
        """Run something with a client of the bus."""

        async def run() -> Any:
            client = connect(self.bus_url, "test")
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(run())

    def until(self, condition: Callable[[], bool], *, within: float = 20) -> None:
        """Wait until a condition holds; fail when it takes longer (seconds)."""
        give_up = time.monotonic() + within
        while not condition():
            assert time.monotonic() < give_up, "waited in vain"
            time.sleep(0.05)

    def timeline_with(self, order_id: str, token: str, word: str) -> list[str]:
        """Wait until an order's timeline has outcomes with this word; return them."""

        def found() -> list[str]:
            timeline = self.shop.order(order_id, token)["timeline"]
            return [e["outcome"] for e in timeline if word in e["outcome"]]

        self.until(lambda: bool(found()))
        return found()

    def rows(self, service: str, query: str) -> list[dict[str, Any]]:
        """Read from a service's database, past the service."""
        return self.databases.rows(service, query)

    def queued(self) -> int:
        """Return how many requests wait in the channels."""
        with redis.Redis.from_url(self.bus_url) as bus:
            channels = (f"{name}.request" for name in self.suite.services)
            return sum(wire().count(bus, channel) for channel in channels)

    def forget(self, channel: str) -> None:
        """Lose what waits in a channel."""
        with redis.Redis.from_url(self.bus_url) as bus:
            bus.delete(wire().key(channel))

    def ask(self, request: Any) -> Any:
        """Call a service over the bus."""
        return self.with_client(lambda client: client.call(request))

    def audit(self) -> list[tuple[str, str]]:
        """Return the violations of the invariants."""

        async def look(client: Client) -> list[tuple[str, str]]:
            return [found async for found in audit.Audit(client).violations()]

        found: list[tuple[str, str]] = self.with_client(look)
        return found


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start everything once for all journeys."""
    run_dir = tmp_path_factory.mktemp("suite")
    kind = os.environ.get("TEST_DATABASE", "sqlite")
    lines: list[str] = []

    def say(name: str, line: str) -> None:
        lines.append(f"{name}│ {line}")

    with databases(kind, run_dir) as store, Supervisor(say) as supervisor:
        suite = Suite(
            run_dir=run_dir,
            bus_url=embedded_bus_url(run_dir),
            ports=free_ports(),
            env={**GENEROUS, **store.env},
        )
        suite.start(supervisor, say)
        running = Running(suite, supervisor, store)
        running.log = lines
        yield running
        running.shop.close()
    assert not list(Path(suite.run_dir).glob("*.sock"))


@pytest.fixture(autouse=True)
def everything_runs(running: Running) -> Iterator[None]:
    """Start again what a journey killed, and hold it against the invariants."""
    yield
    alive = set(running.supervisor.names())
    missing = [p for p in running.programs() if p.name not in alive]
    running.supervisor.start(*missing)
    assert running.audit() == []
    assert running.rows("payments", CHARGED_TWICE) == []
