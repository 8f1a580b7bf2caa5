"""Whatever a body asks for, looking at it and answering it stays small."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.fields import Field
from rest_framework.test import APIClient

from common.http.rest.parsers import MOST_BYTES
from orders.models import Order

pytestmark = pytest.mark.django_db(transaction=True)

URLS = ("/api/orders", "/api/token", "/api/cards")
LONGEST_ANSWER = 4_000
MOST_CHILDREN = 500
"""Fields that may be looked at for one body: 100 lines of two, and what holds them."""


def full(start: bytes, item: bytes, end: bytes) -> bytes:
    """Repeat an item, separated by commas, until the body is as long as it may be."""
    room = MOST_BYTES - len(start) - len(end)
    return start + b",".join([item] * ((room + 1) // (len(item) + 1))) + end


def keys(form: str, spare: int = 0) -> bytes:
    """Return an object with as many different names as fit."""
    number = (MOST_BYTES - 2 - spare) // len(form % 9999 + ",")
    return ("{" + ",".join(form % n for n in range(number)) + "}").encode()


LONG = b"x" * (MOST_BYTES - 200)
BODIES = {
    "numbers for lines": full(b'{"lines":[', b"1", b'],"card_token":"x"}'),
    "empty lines": full(b'{"lines":[', b"{}", b"]}"),
    "lists for lines": full(b'{"lines":[', b"[]", b"]}"),
    "lines without sense": full(b'{"lines":[', b'{"sku":1,"quantity":"x"}', b"]}"),
    "good lines": full(b'{"lines":[', b'{"sku":"A","quantity":1}', b"]}"),
    "100 lines, all wrong": b'{"lines":[' + b",".join([b'{"a":1,"b":2}'] * 100) + b"]}",
    "a list": full(b"[", b"1", b"]"),
    "a list of objects": full(b"[", b"{}", b"]"),
    "short names": keys('"k%d":1'),
    "names of a hundred letters": keys('"' + "n" * 100 + '%d":1'),
    "one long name": b'{"' + LONG + b'":1}',
    "a long name in a line": b'{"lines":[{"' + LONG + b'":1}]}',
    "many names in a line": b'{"lines":[' + keys('"k%d":1', spare=20) + b"]}",
    "a long token": b'{"card_token":"' + LONG + b'"}',
    "a long sku": b'{"lines":[{"sku":"' + LONG + b'","quantity":1}]}',
    "a long number": b'{"lines":[{"sku":"x","quantity":' + b"9" * 4000 + b"}]}",
    "a long text": b'"' + LONG + b'"',
    "a long password": b'{"username":"' + LONG + b'","password":"x"}',
    "deep": b'{"lines":' + b"[" * 900 + b"]" * 900 + b"}",
}


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note every field of every serializer that is given something to validate."""
    seen: list[str] = []
    real = Field.validate_empty_values

    def validate(field: Field[Any, Any, Any, Any], data: Any) -> Any:
        seen.append(type(field).__name__)
        return real(field, data)

    monkeypatch.setattr(Field, "validate_empty_values", validate)
    yield seen


def post(api: APIClient, url: str, raw: bytes) -> Any:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return api.generic("POST", url, raw, "application/json", headers=headers)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("case", BODIES)
def test_the_worst_bodies_cost_and_say_little(
    api: APIClient, looked_at: list[str], case: str, url: str
) -> None:
    assert len(BODIES[case]) <= MOST_BYTES
    answer = post(api, url, BODIES[case])
    assert answer.status_code == 400
    assert len(answer.content) < LONGEST_ANSWER
    assert len(answer.json()["detail"]) <= 500
    assert len(answer.json().get("errors", [])) <= 20
    assert len(looked_at) < MOST_CHILDREN


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["lines", "sku", "quantity"]), inner)
        | st.dictionaries(st.text(max_size=300), inner)
        | st.tuples(inner, st.integers(1, 500)).map(lambda pair: [pair[0]] * pair[1])
    ),
    max_leaves=20,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values | st.fixed_dictionaries({"lines": values, "card_token": values}))
def test_no_body_costs_or_says_much(
    api: APIClient, looked_at: list[str], body: object
) -> None:
    raw = json.dumps(body).encode()[:MOST_BYTES]
    looked_at.clear()
    answer = post(api, "/api/cards", raw)
    assert answer.status_code in {400, 429}
    answer = post(api, "/api/orders", raw)
    assert answer.status_code in {202, 400, 429}
    assert len(answer.content) < 2 * LONGEST_ANSWER
    assert len(looked_at) < MOST_CHILDREN


@pytest.mark.parametrize("url", URLS)
def test_a_body_is_read_up_to_its_limit_and_no_further(
    api: APIClient, url: str
) -> None:
    fits = b'{"k":"' + b"x" * (MOST_BYTES - 8) + b'"}'
    assert len(fits) == MOST_BYTES
    assert post(api, url, fits).status_code == 400
    answer = post(api, url, fits + b" ")
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:cutpoints:problem:payload-too-large"
    assert str(MOST_BYTES) in answer.json()["detail"]


def test_the_longest_order_that_is_allowed_is_placed(api: APIClient) -> None:
    lines = [{"sku": f"{n:040}", "quantity": 1000} for n in range(100)]
    body = {"lines": lines, "card_token": "c" * 80}
    answer = post(api, "/api/orders", json.dumps(body, indent=4).encode())
    assert answer.status_code == 202
    assert Order.objects.get().lines.count() == 100


def test_a_list_is_refused_by_its_length_in_the_usual_words(api: APIClient) -> None:
    body = {"lines": [{"sku": "A", "quantity": 1}] * 101, "card_token": "x"}
    answer = post(api, "/api/orders", json.dumps(body).encode())
    assert answer.json()["errors"] == [
        {"field": "lines", "detail": "Ensure this field has no more than 100 elements."}
    ]


def test_a_media_type_is_not_sent_back_whole(api: APIClient) -> None:
    answer = api.generic("POST", "/api/cards", b"{}", "a/" + "b" * 10_000)
    assert answer.status_code == 415
    assert len(answer.content) < 1_000


def test_a_method_is_not_sent_back_whole(api: APIClient) -> None:
    answer = api.generic("X" * 10_000, "/api/cards")
    assert answer.status_code == 405
    assert len(answer.content) < 1_000
