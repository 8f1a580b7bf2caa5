"""The running suite that is attacked, and what an attack may do to it."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from common.conf.embedded import embedded_bus_url
from common.contracts.topology import SERVING
from suite import audit
from suite.client import connect
from suite.programs import Suite
from suite.shop import Shop as Customer
from suite.supervisor import Program, Supervisor, manage, run_to_end
from tests.chaos.stage import GENEROUS, STOCK
from tests.databases import Databases, databases
from tests.hostile import honest
from tests.hostile.figures import Process
from tests.hostile.wire import request
from tests.ports import free_ports

SILENT = "inventory worker"
ORDER_DEADLINE = 45
"""Seconds: longer than any silence here, so that orders still end well."""
WARM_UP = 40
"""Requests of each kind, at once, before a baseline is taken."""
STATIC = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
"""The largest file that anybody may ask for: 1.4 MB."""
STILL_OPEN = (
    "SELECT count(*) AS n FROM orders_order WHERE status IN ('placed','compensating')"
)


class Stage:
    """Three web processes under attack, with everything behind them."""

    def __init__(
        self, suite: Suite, supervisor: Supervisor, store: Databases, log: list[str]
    ) -> None:
        self.suite, self.supervisor, self.databases = suite, supervisor, store
        self.log = log
        self.orders, self.inventory, self.payments = (
            suite.ports[service] for service in SERVING
        )
        customer = Customer(suite.url("orders"), suite.url("payments"))
        self.card = customer.card()
        placed = customer.place({"MUG": 1}, self.card).raise_for_status().json()
        self.order_id, self.order_token = placed["id"], placed["token"]
        customer.close()

    def port(self, service: str) -> int:
        """Return where a service's web process listens."""
        return self.suite.ports[service]

    def process(self, service: str) -> Process:
        """Return a service's web process, to be looked at."""
        pid = self.supervisor.pid(f"{service} web")
        return Process(service, pid, self.port(service), self.databases)

    def shop(self, *, with_products: bool = True) -> honest.Shop:
        """Return what an honest shopper has to know."""
        return honest.Shop(
            orders_port=self.orders,
            inventory_port=self.inventory,
            payments_port=self.payments,
            card_token=self.card,
            order_id=self.order_id,
            order_token=self.order_token,
            with_products=with_products,
        )

    def order(self, *, wait: int = 0, quantity: int = 1) -> bytes:
        """Return a request that places a new order, and may wait for its end."""
        lines = [{"sku": "MUG", "quantity": quantity}]
        body = json.dumps({"lines": lines, "card_token": self.card}).encode()
        headers = {"content_type": "application/json"}
        headers["idempotency_key"] = str(uuid.uuid4())
        if wait:
            headers["prefer"] = f"wait={wait}"
        return request("POST", "/api/orders", body, **headers)

    @contextlib.contextmanager
    def inventory_silent(self) -> Iterator[None]:
        """Stop inventory's worker for the time of the block (SIGSTOP)."""
        pid = self.supervisor.pid(SILENT)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def terminate(self, service: str, *, within: float) -> int | None:
        """SIGTERM a web process and return its exit status; it is killed when late."""
        return self.supervisor.stop(f"{service} web", within=within)

    def start_again(self, *services: str) -> None:
        """Replace web processes by fresh ones; what they hold is gone with them."""
        for service in services:
            if f"{service} web" in self.supervisor.names():
                self.supervisor.kill(f"{service} web")
        self.supervisor.start(*map(self.suite.web, services))

    def open_orders(self) -> int:
        """Return how many orders have not ended yet."""
        return int(self.databases.rows("orders", STILL_OPEN)[0]["n"])

    def all_orders_end(self, *, within: float = 60) -> bool:
        """Wait until no order is open; False when time (seconds) is up."""
        give_up = time.monotonic() + within
        while self.open_orders():
            if time.monotonic() > give_up:
                return False
            time.sleep(0.1)
        return True

    def violations(self) -> list[str]:
        """Wait for all orders to end, and return what the audit finds then."""
        ended = self.all_orders_end()
        found = [] if ended else [f"{self.open_orders()} orders have not ended"]
        return found + asyncio.run(_audit(self.suite.bus_url))


async def _audit(bus_url: str) -> list[str]:
    client = connect(bus_url, "hostile")
    try:
        look = audit.Audit(client)
        return [f"{id}: {what}" async for id, what in look.violations()]
    finally:
        await client.close()


@contextlib.contextmanager
def stage(database: str) -> Iterator[Stage]:
    """Start everything, and end everything that was started.

    Raises StartFailed, or OSError if there are no free ports.
    """
    _allow_many_files()
    with ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(
            prefix="hostile-", ignore_cleanup_errors=True
        )
        run_dir = Path(stack.enter_context(folder))
        store = stack.enter_context(databases(database, run_dir))
        suite = Suite(
            run_dir=run_dir,
            bus_url=embedded_bus_url(run_dir),
            ports=free_ports(),
            env={
                **GENEROUS,
                **store.env,
                "ORDER_DEADLINE_SECONDS": str(ORDER_DEADLINE),
            },
        )
        log: list[str] = []

        def say(name: str, line: str) -> None:
            log.append(f"{name}│ {line}")

        supervisor = stack.enter_context(Supervisor(say, restart=False))
        supervisor.start(suite.bus())
        with ThreadPoolExecutor() as side_by_side:
            list(side_by_side.map(lambda name: suite.prepare(name, say), SERVING))
        stock = manage("inventory", "shell", "-v0", "-c", STOCK)
        env = suite.worker("inventory").env
        run_to_end(Program(name="stock", argv=stock, ready="", env=env), say)
        programs = (*map(suite.worker, SERVING), *map(suite.web, SERVING))
        supervisor.start(*programs)
        yield Stage(suite, supervisor, store, log)


def _allow_many_files() -> None:
    """Raise the soft limit of open files; the web processes inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
