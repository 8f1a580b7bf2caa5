"""An order that is committed is answered to everybody who repeats its request."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from orders import api as views
from orders import idempotency
from orders.models import Order, Status

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "a4f0c7a8-4f4e-4a3c-9d0e-2f6d4f0a9b11"
BODY = {"lines": [{"sku": "MUG", "quantity": 1}], "card_token": "card_x"}


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "notify_sync", lambda request: None)


def post(body: object = BODY, **headers: str) -> Any:
    headers = {"Idempotency-Key": KEY, **headers}
    return APIClient().generic(
        "POST", "/api/orders", json.dumps(body), "application/json", headers=headers
    )


@pytest.fixture
def ended() -> str:
    """Place an order, let it end, and return its id."""
    id = str(post().json()["id"])
    Order.objects.update(status=Status.CANCELLED)
    return id


@pytest.fixture
def in_use(ended: str) -> Iterator[None]:
    """Hold the key, as another replay does while it looks the order up."""
    with idempotency.in_progress("guests", KEY):
        yield


def at_once(count: int, ask: Any) -> list[Any]:
    """Return the answers to so many requests that start together."""
    ready, answers = threading.Barrier(count), list[Any]()

    def run() -> None:
        ready.wait(10)
        answers.append(ask())
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_twenty_replays_at_once_of_an_ended_order_are_all_answered(
    ended: str,
) -> None:
    answers = at_once(20, post)
    assert [answer.status_code for answer in answers] == [202] * 20
    assert {answer.json()["id"] for answer in answers} == {ended}
    assert Order.objects.count() == 1


def test_a_replay_is_answered_while_another_is_in_hand(
    ended: str, in_use: None
) -> None:
    answer = post()
    assert (answer.status_code, answer.json()["id"]) == (202, ended)
    assert answer.json()["status"] == "cancelled"


def test_another_body_is_422_while_a_replay_is_in_hand(in_use: None) -> None:
    answer = post({**BODY, "card_token": "card_y"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:cutpoints:problem:idempotency-key-reused"


def test_a_replay_that_waits_is_answered_while_another_is_in_hand(
    ended: str, in_use: None
) -> None:
    answer = post(Prefer="wait=1")
    assert (answer.status_code, answer.json()["id"]) == (202, ended)


def test_only_a_key_in_use_costs_another_statement(ended: str) -> None:
    with CaptureQueriesContext(connection) as free:
        post()
    with (
        idempotency.in_progress("guests", KEY),
        CaptureQueriesContext(connection) as used,
    ):
        post()
    assert looked_up(free) == looked_up(used) == 1


def looked_up(asked: CaptureQueriesContext) -> int:
    return sum('"key" =' in query["sql"] for query in asked.captured_queries)
