"""What is measured: each peer runs for a block, on a PostgreSQL of its own."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from common.conf.embedded import embedded_bus_url
from common.contracts.topology import SERVING
from lab.brokers import free_port, program, wait_for_port
from suite.programs import Suite
from suite.supervisor import Program, manage, run_to_end
from tests.databases import PostgresServer
from tests.ports import free_ports

STOCK_LAYER = "channels_redis.core.RedisChannelLayer"
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2099, "cvc": "123"}
UNBOUNDED = {f"THROTTLE_{name}": "off" for name in ("ORDERS", "READS", "CARDS")}
QUIET = {"LOG_LEVEL": "WARNING", **UNBOUNDED}
FILL = """
    INSERT INTO inventory_product (sku, name, unit_price, currency)
        SELECT 'P' || n, 'P' || n, 100 + n, 'EUR' FROM generate_series(0, 99) n;
    INSERT INTO inventory_stock (product_id, on_hand, allocated)
        SELECT 'P' || n, 2000000000, 0 FROM generate_series(0, 99) n;
    INSERT INTO inventory_movement (product_id, kind, on_hand, allocated, at, note)
        SELECT 'P' || n, 'receive', 2000000000, 0, now(), ''
        FROM generate_series(0, 99) n;
"""
FILL_NAIVE = """
    INSERT INTO inventory_product (sku, unit_price, on_hand, allocated)
        SELECT 'P' || n, 100 + n, 2000000000, 0 FROM generate_series(0, 99) n
"""


@dataclass(frozen=True)
class Running:
    """A peer that takes orders."""

    port: int
    card_token: str
    pids: dict[str, int]
    """The processes to be counted, with their children, by what they do."""
    server: PostgresServer
    databases: tuple[str, ...]
    bus_url: str | None = None

    def confirmed(self) -> int:
        """Return how many orders are confirmed."""
        return self._count("status = 'confirmed'")

    def under_way(self) -> int:
        """Return how many orders have not ended."""
        return self._count("status IN ('placed', 'compensating')")

    def _count(self, which: str) -> int:
        query = f"SELECT count(*) AS n FROM orders_order WHERE {which}"  # noqa: S608
        found: int = self.server.rows(self.databases[0], query)[0]["n"]
        return found


@contextmanager
def suite(server: PostgresServer, **env: str) -> Iterator[Running]:
    """Run this suite: a web process and a worker of each service."""
    with ExitStack() as stack:
        run_dir = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        one = Suite(
            run_dir=run_dir,
            bus_url=embedded_bus_url(run_dir),
            ports=free_ports(),
            env={**QUIET, **server.env, **env},
        )
        for name in SERVING:
            one.prepare(name, _silent)
        server.execute("inventory", FILL)
        programs = [one.bus(), *map(one.web, SERVING), *map(one.worker, SERVING)]
        pids = _start(stack, *programs)
        for port in one.ports.values():
            wait_for_port(port)
        yield Running(
            port=one.ports["orders"],
            card_token=_card(one.ports["payments"]),
            pids=pids,
            server=server,
            databases=SERVING,
            bus_url=one.bus_url,
        )


@contextmanager
def stock_layer(server: PostgresServer) -> Iterator[Running]:
    """Run this suite on the stock channel layer."""
    with suite(server, CHANNEL_LAYER=STOCK_LAYER) as running:
        yield running


@contextmanager
def monolith(server: PostgresServer) -> Iterator[Running]:
    """Run the three libraries in one process, which sends nothing."""
    server.create("monolith")
    port = free_port()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = server.url("monolith")
        env = {**QUIET, "RUN_DIR": folder, "MONOLITH_DATABASE_URL": url}
        for command in (("migrate", "-v0"), ("seed",)):
            argv = manage("monolith", *command)
            run_to_end(Program(name=command[0], argv=argv, ready="", env=env), _silent)
        server.execute("monolith", FILL)
        serve = manage("monolith", "serve", "--port", str(port))
        pids = _start(
            stack,
            Program(name="web", argv=serve, ready="", env=env),
            Program(name="worker", argv=manage("monolith", "work"), ready="", env=env),
        )
        wait_for_port(port)
        yield Running(
            port=port,
            card_token=_card(port),
            pids=pids,
            server=server,
            databases=("monolith",),
        )


@contextmanager
def naive(server: PostgresServer) -> Iterator[Running]:
    """Run three services of Django and DRF that call each other over HTTP."""
    ports = {name: free_port() for name in SERVING}
    env = {
        "NAIVE_INVENTORY_URL": f"http://127.0.0.1:{ports['inventory']}",
        "NAIVE_PAYMENTS_URL": f"http://127.0.0.1:{ports['payments']}",
        "DJANGO_SETTINGS_MODULE": "lab.orders.naive.settings",
    }
    of = {
        name: {**env, "NAIVE_SERVICE": name, "NAIVE_DATABASE_URL": server.url(name)}
        for name in SERVING
    }
    pids = {}
    with ExitStack() as stack:
        for name in SERVING:
            migrate = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "-v0"]
            run_to_end(
                Program(name=name, argv=migrate, ready="", env=of[name]), _silent
            )
        server.execute("inventory", FILL_NAIVE)
        for name in SERVING:
            argv = [
                sys.executable,
                "-m",
                "gunicorn",
                "--bind",
                f"127.0.0.1:{ports[name]}",
            ]
            argv += ["--workers", "2", "--threads", "8", "--keep-alive", "75"]
            argv += [
                "--log-level",
                "warning",
                "django.core.wsgi:get_wsgi_application()",
            ]
            pids[f"{name} web"] = stack.enter_context(program(argv, **of[name]))
            wait_for_port(ports[name])
        yield Running(
            port=ports["orders"],
            card_token="card",  # noqa: S106 no secret
            pids=pids,
            server=server,
            databases=SERVING,
        )


PEERS = {
    "naive": naive,
    "suite": suite,
    "monolith": monolith,
    "stock": stock_layer,
}


def _start(stack: ExitStack, *programs: Program) -> dict[str, int]:
    """Start programs, to be ended with the stack; return their ids by name.

    At WARNING they say nothing that would tell when they are ready.
    """
    return {
        one.name: stack.enter_context(program(one.argv, **one.env)) for one in programs
    }


def _silent(name: str, line: str) -> None:
    """Show nothing of what a program says."""


def _card(port: int) -> str:
    request = Request(
        f"http://127.0.0.1:{port}/api/cards",
        data=json.dumps(CARD).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=20) as answer:  # noqa: S310 loopback
        token: str = json.load(answer)["token"]
        return token


def wait_until_ended(running: Running, seconds: float = 60) -> None:
    """Wait until no order is under way."""
    give_up = time.monotonic() + seconds
    while running.under_way():
        if time.monotonic() > give_up:
            raise TimeoutError(f"{running.under_way()} orders have not ended")
        time.sleep(0.2)
