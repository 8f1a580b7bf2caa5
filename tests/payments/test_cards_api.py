"""The card vault over HTTP."""

import json
import logging

import pytest
from rest_framework.test import APIClient

from payments.models import Card

pytestmark = pytest.mark.django_db

CARD = {
    "number": "4242 4242 4242 4242",
    "exp_month": 12,
    "exp_year": 2099,
    "cvc": "123",
}


def test_a_number_goes_in_and_a_token_comes_out(api: APIClient) -> None:
    answer = api.post("/api/cards", CARD, format="json")
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"token", "brand", "last4"}
    assert (body["brand"], body["last4"]) == ("visa", "4242")
    kept = Card.objects.get(token=body["token"])
    assert "424242424242" not in json.dumps(vars(kept), default=str)


def test_two_tokens_of_one_card_differ(api: APIClient) -> None:
    tokens = {api.post("/api/cards", CARD, format="json").json()["token"] for _ in "ab"}
    assert len(tokens) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "4111111111111111"),
        ("number", 4242424242424242),
        ("number", ""),
        ("number", None),
        ("exp_month", 13),
        ("exp_month", "12"),
        ("exp_year", 2020),
        ("exp_year", 99),
        ("cvc", "12"),
        ("cvc", "1234"),
        ("cvc", "abc"),
        ("cvc", "١٢٣"),
        ("cvc", 123),
        ("owner", "somebody"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_kept(
    api: APIClient, field: str, value: object
) -> None:
    answer = api.post("/api/cards", {**CARD, field: value}, format="json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:cutpoints:problem:invalid-request"
    assert [error["field"] for error in problem["errors"]] == [field]
    assert not Card.objects.exists()


def test_no_log_and_no_answer_holds_a_number(
    api: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    number = "4111111111111111"  # well-formed, but nobody's test card
    answers = [
        api.post("/api/cards", CARD, format="json"),
        api.post("/api/cards", {**CARD, "number": number}, format="json"),
        api.generic(
            "POST", "/api/cards", b'{"number": "4111111111111111"', "application/json"
        ),
    ]
    said = caplog.text + "".join(answer.content.decode() for answer in answers)
    assert number not in said
    assert "4242424242424242" not in said
