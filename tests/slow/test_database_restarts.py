"""PostgreSQL crashes under each service in the middle of orders; all end right."""

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from common.conf.embedded import embedded_bus_url
from common.contracts.topology import SERVING
from suite.programs import Suite
from suite.supervisor import Supervisor
from tests.databases import PostgresServer, postgresql
from tests.journeys.conftest import CHARGED_TWICE, GENEROUS, Running
from tests.journeys.test_failures import CARDS, check_ends
from tests.ports import free_ports

pytestmark = pytest.mark.slow

ORDERS = 60
PATIENCE = 60
"""Seconds that a customer asks again with the same key."""


@pytest.fixture
def servers() -> Iterator[dict[str, PostgresServer]]:
    """Run a database server for each service."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(postgresql()) for name in SERVING}


@pytest.fixture
def suite(tmp_path: Path, servers: dict[str, PostgresServer]) -> Iterator[Running]:
    """Run the suite on them."""
    urls = {f"{n.upper()}_DATABASE_URL": s.url(n) for n, s in servers.items()}
    suite = Suite(
        run_dir=tmp_path,
        bus_url=embedded_bus_url(tmp_path),
        ports=free_ports(),
        env={**GENEROUS, **urls},
    )
    lines: list[str] = []

    def say(name: str, line: str) -> None:
        lines.append(f"{name}│ {line}")

    with Supervisor(say, restart=False) as supervisor:
        suite.start(supervisor, say)
        running = Running(suite, supervisor, servers["payments"])
        running.log = lines
        yield running
        running.shop.close()


def place(running: Running, card: str) -> tuple[str, str]:
    """Place an order as a patient customer does; return its id and token."""
    key, give_up = str(uuid.uuid4()), time.monotonic() + PATIENCE
    while True:
        try:
            answer = running.shop.place({"MUG": 1, "FILTERS": 1}, card, key=key)
            if answer.status_code == 202:
                return answer.json()["id"], answer.json()["token"]
            assert answer.status_code == 503, answer.text
        except httpx.TransportError:
            pass
        assert time.monotonic() < give_up, "the shop stays away"
        time.sleep(0.2)


def test_each_database_crashes_in_the_middle_of_60_orders(
    suite: Running, servers: dict[str, PostgresServer]
) -> None:
    cards = {suite.shop.card(number): end for number, end in CARDS.items()}
    accepted: list[tuple[str, str, str]] = []
    lock = threading.Lock()

    def customer(number: int) -> None:
        card = list(cards)[number % len(cards)]
        order = (*place(suite, card), cards[card])
        with lock:
            accepted.append(order)

    with ThreadPoolExecutor(4) as pool:
        customers = [pool.submit(customer, number) for number in range(ORDERS)]
        for turn, service in enumerate(SERVING):
            enough = (turn + 1) * ORDERS // 5
            suite.until(lambda enough=enough: len(accepted) >= enough, within=60)
            assert len(accepted) < ORDERS, "this is the middle"
            servers[service].crash()
            servers[service].start()
        for one in customers:
            one.result()
    assert len({order_id for order_id, _, _ in accepted}) == ORDERS
    check_ends(suite, accepted)
    assert suite.audit() == []
    assert suite.rows("payments", CHARGED_TWICE) == []
    assert not [line for line in suite.log if "Traceback" in line]
