"""Processes die and services are away; the orders end as they should."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from common.contracts.demo_gateway import SetGatewayFaults
from tests.journeys.conftest import Running

pytestmark = pytest.mark.journey

ORDERS = 200
CARDS = {"4242424242424242": "confirmed", "4000000000000002": "rejected"}


def place_many(running: Running, count: int) -> Iterator[tuple[str, str, str]]:
    """Place orders with good and bad cards; yield id, token and how each must end."""
    tokens = {running.shop.card(number): end for number, end in CARDS.items()}

    def place(number: int) -> tuple[str, str, str]:
        card = list(tokens)[number % len(tokens)]
        answer = running.shop.place({"MUG": 1, "FILTERS": 1}, card)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"], answer.json()["token"], tokens[card]

    with ThreadPoolExecutor(4) as pool:
        yield from pool.map(place, range(count))


def check_ends(running: Running, orders: list[tuple[str, str, str]]) -> None:
    """Wait for every order to end, and check how."""
    give_up = time.monotonic() + 90
    for order_id, token, expected in orders:
        left = max(0.0, give_up - time.monotonic())
        order = running.shop.ended(order_id, token, within=left)
        assert order["status"] == expected, order


@pytest.mark.parametrize(
    "victim",
    [
        "bus",
        pytest.param("inventory worker", marks=pytest.mark.slow),
        pytest.param("orders worker", marks=pytest.mark.slow),
    ],
)
def test_a_kill_in_the_middle_of_200_orders(running: Running, victim: str) -> None:
    orders = []
    for number, order in enumerate(place_many(running, ORDERS)):
        orders.append(order)
        if number == ORDERS // 4:
            running.supervisor.kill(victim)
        if number == ORDERS // 2:
            running.restart(victim)
    assert len({order_id for order_id, _, _ in orders}) == ORDERS
    check_ends(running, orders)


def test_placing_works_while_inventory_and_payments_are_away(
    running: Running,
) -> None:
    card = running.shop.card()
    running.supervisor.kill("inventory worker")
    running.supervisor.kill("payments worker")
    started = time.monotonic()
    placed = [running.shop.place({"MUG": 1}, card) for _ in range(5)]
    assert {answer.status_code for answer in placed} == {202}
    assert time.monotonic() - started < 5, "placing waits for nobody"
    products = running.shop.orders.get("/api/products")
    assert products.status_code == 503
    assert products.json()["type"] == "urn:cutpoints:problem:service-unavailable"
    running.restart("inventory worker", "payments worker")
    orders = [(a.json()["id"], a.json()["token"], "confirmed") for a in placed]
    check_ends(running, orders)


def test_a_gateway_that_charges_and_then_times_out_charges_once(
    running: Running,
) -> None:
    running.ask(SetGatewayFaults(timeout_after=1.0))
    try:
        orders = list(place_many(running, 6))
        time_outs = [
            entry
            for order_id, token, _ in orders
            for entry in running.timeline_with(order_id, token, "no answer")
        ]
        assert time_outs
    finally:
        running.ask(SetGatewayFaults())
    check_ends(running, orders)


def listens(url: str) -> bool:
    """Tell whether anybody takes connections at an address."""
    try:
        httpx.get(f"{url}/health/live", timeout=5)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        return True
    return True


def test_a_web_process_that_is_told_to_stop_answers_what_it_has_begun(
    running: Running,
) -> None:
    card = running.shop.card()
    running.supervisor.kill("inventory worker")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(running.shop.place, {"MUG": 1}, card, wait=30)
        orders = "SELECT count(*) AS n FROM orders_order WHERE status = 'placed'"
        running.until(lambda: running.rows("orders", orders)[0]["n"] == 1)
        stopped = pool.submit(running.supervisor.stop, "orders web")
        running.until(lambda: not listens(running.suite.url("orders")))
        assert answer.result(10).status_code == 202, "it waits no longer"
        assert stopped.result(10) == 0
    running.restart("orders web", "inventory worker")
    body = answer.result().json()
    check_ends(running, [(body["id"], body["token"], "confirmed")])


def test_a_worker_that_is_told_to_stop_finishes_and_exits_with_0(
    running: Running,
) -> None:
    orders = list(place_many(running, 20))
    assert running.supervisor.stop("payments worker") == 0
    running.restart("payments worker")
    check_ends(running, orders)
