"""Card numbers in paths and headers reach no log."""

import uuid

import pytest
from rest_framework.test import APIClient

from common.http.card_numbers import is_card_number, without_card_numbers

NUMBERS = [
    "4242424242424242",
    "4242-4242-4242-4242",
    "4242.4242.4242.4242",
    "4242_4242_4242_4242",
    "378282246310005",
    "3782-822463-10005",
    "4000000000000",
]


@pytest.mark.parametrize("number", [*NUMBERS, "4242 4242 4242 4242"])
@pytest.mark.parametrize("around", ["/api/orders/{}", "/api/cards/{}/", "{}", "/x?{}"])
def test_a_number_is_replaced(around: str, number: str) -> None:
    assert without_card_numbers(around.format(number)) == around.format("…")


@pytest.mark.parametrize(
    "text",
    [
        f"/api/orders/{uuid.UUID(int=int('12345678' * 4, 16), version=4)}",
        "/api/orders/12345678-1234-4234-8234-123456789012",
        "/static/rest_framework-3.18.0/a-1-2-3.js",
        "/admin/orders/order/?p=12",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert without_card_numbers(text) == text


@pytest.mark.django_db
@pytest.mark.parametrize("number", NUMBERS)
def test_it_is_no_correlation_id(api: APIClient, number: str) -> None:
    assert is_card_number(number)
    answer = api.get("/api/docs", headers={"X-Correlation-ID": number})
    assert answer["X-Correlation-ID"] != number
    usable = uuid.uuid4().hex
    answer = api.get("/api/docs", headers={"X-Correlation-ID": usable})
    assert answer["X-Correlation-ID"] == usable
