"""What a run plays on: the bus behind a proxy each, three services, their databases."""

import asyncio
import contextlib
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from common.conf.embedded import embedded_bus_url
from common.contracts.demo_gateway import SetGatewayFaults
from common.contracts.topology import SERVING
from common.rpc.errors import ServiceError
from suite import bus
from suite.client import connect
from suite.programs import Suite
from suite.supervisor import Program, Supervisor, manage, run_to_end
from tests.chaos.proxy import FaultProxy
from tests.databases import Databases, databases
from tests.ports import free_port, free_ports

WORKERS = 2
"""Of each service."""
ORDER_DEADLINE = 15
GENEROUS = {
    f"THROTTLE_{name}": "1000000/min" for name in ("ORDERS", "READS", "CARDS", "LOGIN")
}
STOCK = """
from inventory.models import Product
from inventory.counters import receive
for product in Product.objects.exclude(sku__in=("LAST-CUP", "SOLD-OUT")):
    receive(sku=product.sku, quantity=1_000_000, note="for a long run")
"""


@dataclass
class Stage:
    """A running suite, and what is needed to disturb and to question it."""

    suite: Suite
    supervisor: Supervisor
    proxies: dict[str, FaultProxy]
    databases: Databases
    log: deque[str]
    """The last lines of the programs, without those of level INFO."""
    begun: float = field(default_factory=time.monotonic)

    @property
    def bus_url(self) -> str:
        """The bus itself, past the proxies."""
        return self.suite.bus_url

    def seconds(self) -> float:
        """Return how long the run has lasted."""
        return time.monotonic() - self.begun

    def victims(self) -> list[str]:
        """Return the programs that may be killed or stopped."""
        workers = [f"{s} worker {n}" for s in SERVING for n in range(1, WORKERS + 1)]
        return [*workers, "orders web"]

    def notify(self, request: SetGatewayFaults) -> None:
        """Call payments, again and again until it answers."""

        async def ask() -> None:
            client = connect(self.bus_url, "nemesis")
            try:
                for _ in range(60):
                    with contextlib.suppress(ServiceError):
                        await client.call(request, timeout=2)
                        return
                    await asyncio.sleep(0.2)
                raise TimeoutError("payments does not answer")
            finally:
                await client.close()

        asyncio.run(ask())


@contextlib.contextmanager
def stage(database: str) -> Iterator[Stage]:
    """Start everything, and end everything that was started."""
    with ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(
            prefix="chaos-", ignore_cleanup_errors=True
        )
        run_dir = Path(stack.enter_context(folder))
        store = stack.enter_context(databases(database, run_dir))
        ports = free_ports()
        bus_port = free_port()
        proxies = {s: stack.enter_context(FaultProxy(bus_port)) for s in SERVING}
        suite = Suite(
            run_dir=run_dir,
            bus_url=embedded_bus_url(run_dir),
            ports=ports,
            env={
                **GENEROUS,
                **store.env,
                "ORDER_DEADLINE_SECONDS": str(ORDER_DEADLINE),
            },
        )
        log: deque[str] = deque(maxlen=5000)

        def say(name: str, line: str) -> None:
            if "[info" not in line:
                log.append(f"{name}│ {line}")

        supervisor = stack.enter_context(Supervisor(say))
        argv = [*bus.command(run_dir), "--port", str(bus_port), "--bind", "127.0.0.1"]
        supervisor.start(replace(suite.bus(), argv=argv))
        for service in SERVING:
            suite.prepare(service, say)
        stock = manage("inventory", "shell", "-v0", "-c", STOCK)
        env = suite.worker("inventory").env
        run_to_end(Program(name="stock", argv=stock, ready="", env=env), say)
        supervisor.start(*_programs(suite, proxies), within=120)
        yield Stage(suite, supervisor, proxies, store, log)


def _programs(suite: Suite, proxies: dict[str, FaultProxy]) -> Iterator[Program]:
    """Yield all programs; each reaches the bus through its service's proxy."""
    for service in SERVING:
        url = {"BUS_URL": f"redis://127.0.0.1:{proxies[service].port}"}
        web, worker = suite.web(service), suite.worker(service)
        if service != "inventory":
            yield replace(web, env={**web.env, **url})
        for number in range(1, WORKERS + 1):
            name = f"{service} worker {number}"
            yield replace(worker, name=name, env={**worker.env, **url})
