"""Headers are read by their grammar: Prefer, Idempotency-Key and Accept."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from orders.models import Order
from orders.waiting import LONGEST, preferred_wait

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=9", 9),
        ("WAIT = 9", 9),
        ('wait="9"', 9),
        ("respond-async, wait=9", 9),
        ("respond-async; x=1, wait=9; y", 9),
        (", ,wait=9,", 9),
        ("wait=9, wait=3", 9),
        (f"wait={LONGEST + 1000}", LONGEST),
        ('foo="a, wait=9"', 0),
        ('foo="\\", wait=9"', 0),
        ("foo; wait=9", 0),
        ("wait", 0),
        ("wait=", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=soon", 0),
        ("wait=٣", 0),
        ("awaiting=9", 0),
        ("(broken, wait=9", 0),
        ('"wait=9', 0),
        ("", 0),
    ],
)
def test_prefer_is_read_by_its_grammar(header: str, seconds: int) -> None:
    assert preferred_wait(header) == seconds


@pytest.mark.parametrize("header", [";" + " " * 30_000 + "x", 'a="' * 10_000])
def test_a_long_prefer_takes_no_time(header: str) -> None:
    began = time.process_time()
    assert preferred_wait(header) == 0
    assert time.process_time() - began < 0.1


@pytest.fixture
def place(
    product: Callable[..., str], card: Callable[..., str], monkeypatch: Any
) -> Callable[[str], Any]:
    from orders import api as views

    monkeypatch.setattr(views, "notify_sync", lambda request: None)
    body = {"lines": [{"sku": product(), "quantity": 1}], "card_token": card()}

    def place(key: str) -> Any:
        headers = {"Idempotency-Key": key}
        return APIClient().post("/api/orders", body, format="json", headers=headers)

    return place


def test_a_key_is_the_same_with_and_without_quotes(place: Callable[..., Any]) -> None:
    key = str(uuid.uuid4())
    answers = [place(key), place(f'"{key}"')]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert "Prefer" in answers[0]["Vary"]


@pytest.mark.parametrize(
    "form",
    [
        '"{}";a=1',
        "{};a=1",
        '"{}", "{}"',
        "{},{}",
        '"{}',
        '{}"',
        '"{}\\"',
        "{} {}",
        "{}\t",
    ],
)
def test_what_is_not_one_key_is_400_and_places_nothing(
    place: Callable[..., Any], form: str
) -> None:
    key = str(uuid.uuid4())
    answer = place(form.replace("{}", key))
    assert answer.status_code == 400
    assert answer.json()["type"].endswith(":idempotency-key-unusable")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*;q=0.1", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/json;q=0", 406),
        ("application/json;q=0, */*", 406),
        ("application/*;q=0", 406),
        ("*/*;q=0", 406),
        ("*/*;q=0, application/json", 200),
        ("text/html", 406),
    ],
)
def test_what_the_client_refuses_is_not_sent(
    api: APIClient, product: Callable[..., str], accept: str, status: int
) -> None:
    product()
    answer = api.get("/api/products", headers={"Accept": accept})
    assert answer.status_code == status


@pytest.mark.parametrize("query", ["version=a%0Ab", "version=%00", "version=2"])
def test_a_schema_of_another_version_is_the_one_there_is(
    api: APIClient, query: str
) -> None:
    answer = api.get(f"/api/schema?{query}")
    assert answer.status_code == 200
    assert b"version: '1'" in answer.content
