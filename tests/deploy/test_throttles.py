"""Throttles are counted on the bus by all processes, and by each while it is away."""

import json
import signal
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core.cache import caches as django_caches
from rest_framework.test import APIClient

from common.conf.backends import caches
from common.http.rest import throttling
from orders import api as views
from orders.models import Order
from tests.deploy.conftest import Bus

pytestmark = pytest.mark.django_db(transaction=True)

BODY = json.dumps({"lines": [{"sku": "MUG", "quantity": 1}], "card_token": "card_x"})
LATE_IN_A_MINUTE = 1_800_000_000.0 // 60 * 60 + 45


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Let a test say what time it is; the windows are aligned to the minute."""
    now = {"is": LATE_IN_A_MINUTE}
    monkeypatch.setattr(throttling.time, "time", lambda: now["is"])
    return now


@pytest.fixture(autouse=True)
def two_orders_a_minute(
    monkeypatch: pytest.MonkeyPatch, now: dict[str, float]
) -> Iterator[None]:
    """Let a client place two orders; nobody runs them."""
    monkeypatch.setattr(views, "notify_sync", lambda request: None)
    rates = {"orders": "2/min", "reads": "2/min", "cards": "2/min"}
    monkeypatch.setattr(throttling.SharedThrottle, "THROTTLE_RATES", rates)
    yield
    a_new_process()


@pytest.fixture
def bus(bus_with_users: Bus, settings: Any) -> Bus:
    """Count on a bus, as the user that orders is there."""
    with bus_with_users.client("admin") as admin:
        admin.flushall()
    bus_with_users.refused()
    settings.SERVICES = {**settings.SERVICES, "inventory": "channel:"}
    settings.CACHES = caches(bus_with_users.url("orders"), "orders")
    a_new_process()
    return bus_with_users


def a_new_process() -> None:
    """Forget what a process knows by itself."""
    throttling.shared.cache_clear()
    throttling._counts = throttling.Counts()
    django_caches["default"].clear()


def place(**headers: str) -> Any:
    named = {"Idempotency-Key": str(uuid.uuid4()), **headers}
    return APIClient().generic(
        "POST", "/api/orders", BODY, "application/json", headers=named
    )


def test_what_is_off_is_neither_counted_nor_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = {"orders": None, "reads": "2/min", "cards": "2/min"}
    monkeypatch.setattr(throttling.SharedThrottle, "THROTTLE_RATES", rates)
    answers = [place() for _ in range(5)]
    assert {answer.status_code for answer in answers} == {202}
    assert not any("RateLimit" in answer for answer in answers)


def test_two_processes_count_together(bus: Bus) -> None:
    for left in (1, 0):
        answer = place()
        assert answer.status_code == 202
        assert answer["RateLimit-Policy"] == '"orders";q=2;w=60'
        assert answer["RateLimit"] == f'"orders";r={left};t=15'
        a_new_process()
    answer = place()
    assert answer.status_code == 429
    assert answer.json()["type"] == "urn:cutpoints:problem:too-many-requests"
    assert 15 < int(answer["Retry-After"]) <= 60
    assert answer["RateLimit"] == f'"orders";r=0;t={answer["Retry-After"]}'
    assert Order.objects.count() == 2
    assert bus.refused() == []


def test_the_window_slides(bus: Bus, now: dict[str, float]) -> None:
    assert [place().status_code for _ in range(3)] == [202, 202, 429]
    now["is"] += 16  # the next minute; of the last one nearly all still counts
    assert place().status_code == 202
    refused = place()
    assert refused.status_code == 429
    now["is"] += int(refused["Retry-After"])
    assert place().status_code == 202


def test_kinds_of_requests_and_clients_are_counted_apart(
    bus: Bus, settings: Any
) -> None:
    assert [place().status_code for _ in range(3)] == [202, 202, 429]
    assert APIClient().get(f"/api/orders/{uuid.uuid4()}").status_code == 404
    forged = place(**{"X-Forwarded-For": "203.0.113.7"})
    assert forged.status_code == 429
    settings.PROXIES = 1
    assert place(**{"X-Forwarded-For": "203.0.113.7"}).status_code == 202
    site = [place(**{"X-Forwarded-For": f"2001:db8::{n}"}) for n in range(3)]
    assert [answer.status_code for answer in site] == [202, 202, 429]


def test_a_crowd_of_others_does_not_make_it_forget(bus: Bus, settings: Any) -> None:
    assert [place().status_code for _ in range(3)] == [202, 202, 429]
    settings.PROXIES = 1
    view, throttle = views.OrdersView(), throttling.SharedThrottle()
    view.throttle_scope = "orders"
    from rest_framework.request import Request
    from rest_framework.test import APIRequestFactory

    for n in range(500):
        request = APIRequestFactory().get("/", headers={"X-Forwarded-For": f"h{n}"})
        assert throttle.allow_request(Request(request), view)
    settings.PROXIES = 0
    assert place().status_code == 429


def test_counts_expire(bus: Bus) -> None:
    place()
    with bus.client("admin") as admin:
        keys = admin.keys("*")
        assert len(keys) == 1
        assert keys[0].startswith(b"throttle:orders:")
        assert 0 < admin.ttl(keys[0]) <= 120


def test_without_an_answer_of_the_bus_each_process_counts_and_orders_are_placed(
    bus: Bus,
) -> None:
    bus.process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        codes = [place().status_code for _ in range(3)]
        took = time.monotonic() - begun
    finally:
        bus.process.send_signal(signal.SIGCONT)
    assert codes == [202, 202, 429]
    assert took < 5  # one wait of 0.25 s, not one each


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/at,all;"])
def test_without_a_bus_each_process_counts(bus: Bus, settings: Any, url: str) -> None:
    settings.CACHES = caches(url, "orders")
    a_new_process()
    assert [place().status_code for _ in range(3)] == [202, 202, 429]


def test_a_bus_that_refuses_us_is_no_outage_of_ours(bus: Bus, settings: Any) -> None:
    settings.CACHES = caches(bus.url("orders"), "payments")
    a_new_process()
    assert [place().status_code for _ in range(3)] == [202, 202, 429]
    assert bus.refused() != []


@pytest.mark.parametrize("user", ["orders", "payments", "inventory"])
def test_nobody_counts_at_the_keys_of_others(user: str, bus_with_users: Bus) -> None:
    other = "payments" if user != "payments" else "inventory"
    with bus_with_users.client(user) as thief:
        thief.set(f"throttle:{user}:x", 1, ex=1)
        for command in (
            ("SET", f"throttle:{other}:x", 1),
            ("MGET", f"throttle:{other}:x"),
            ("INCRBY", "asgi:{orders.request}", 1),
            ("GETDEL", f"throttle:{user}:x"),
        ):
            with pytest.raises(redis.ResponseError, match=r"NOPERM|permission"):
                thief.execute_command(*command)
