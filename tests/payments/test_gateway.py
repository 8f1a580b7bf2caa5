"""What payments relies on, asked of a card gateway; see docs/gateway.md.

It asks the gateway that PAYMENTS_GATEWAY names, and the class in docs/gateway.md with a
provider behind it that loses every second answer.
"""

import asyncio
import os
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from payments import api as vault
from payments.gateway import (
    Approved,
    CardNotAccepted,
    Declined,
    Gateway,
    GatewayTimeout,
    gateway,
)
from payments.models import Card
from tests.payments import psp

pytestmark = pytest.mark.django_db(transaction=True)
PAYS, DECLINED = os.environ.get(
    "GATEWAY_TEST_CARDS", f"{psp.PAYS},{psp.DECLINED}"
).split(",")
T = TypeVar("T")


@pytest.fixture
def provider() -> Iterator[psp.Provider]:
    server = psp.Provider()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["as configured", "of docs/gateway.md"])
def asked(
    request: pytest.FixtureRequest, provider: psp.Provider, settings: Any
) -> Gateway:
    """Return a gateway; the second one has the provider behind it."""
    if request.param == "as configured":
        return gateway()
    text = Path("docs/gateway.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    settings.GATEWAY_URL = provider.url
    names: dict[str, Any] = {}
    exec(compile(code, "docs/gateway.md", "exec"), names)  # noqa: S102 our own page
    made: Gateway = names["HttpGateway"]()
    return made


async def answer(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again for as long as the outcome is unknown, as payments does."""
    for _ in range(20):
        try:
            return await ask()
        except GatewayTimeout:
            continue
    raise AssertionError("twenty time-outs in a row")


class Customer:
    """One order and its card at a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.order_id: UUID = uuid4()
        self.method = ""

    async def add_card(self, number: str) -> "Customer":
        card = {"number": number, "exp_month": 12, "exp_year": 2099, "cvc": "123"}
        method = await answer(lambda: self.gateway.add_card(**card))  # type: ignore[arg-type]
        assert method.last4 == number[-4:]
        assert number not in method.brand
        self.method = method.id
        return self

    async def charge(self, key: str = "charge") -> Approved | Declined:
        return await answer(
            lambda: self.gateway.charge(
                key=f"{key}:{self.order_id}",
                order_id=self.order_id,
                amount=1999,
                currency="EUR",
                method=self.method,
            )
        )

    async def refund(self, number: int) -> Approved | Declined:
        return await answer(
            lambda: self.gateway.refund(
                key=self.refund_key(number),
                order_id=self.order_id,
                amount=1999,
                currency="EUR",
            )
        )

    def refund_key(self, number: int) -> str:
        return f"refund:{self.order_id}:{number}"

    async def found(self) -> Approved | Declined | None:
        return await answer(lambda: self.gateway.find_charge(order_id=self.order_id))


async def test_a_repeated_charge_repeats_its_answer(asked: Gateway) -> None:
    customer = await Customer(asked).add_card(PAYS)
    assert [await customer.charge() for _ in range(3)] == [Approved()] * 3
    declined = await Customer(asked).add_card(DECLINED)
    answers = [await declined.charge() for _ in range(3)]
    assert all(isinstance(one, Declined) and one.code for one in answers)
    assert len(set(answers)) == 1


async def test_a_charge_is_found_by_its_order(asked: Gateway) -> None:
    paid = await Customer(asked).add_card(PAYS)
    assert await paid.found() is None
    await paid.charge()
    assert await paid.found() == Approved()
    declined = await Customer(asked).add_card(DECLINED)
    await declined.charge()
    assert isinstance(await declined.found(), Declined)


async def test_what_is_refunded_already_counts_as_refunded(asked: Gateway) -> None:
    customer = await Customer(asked).add_card(PAYS)
    await customer.charge()
    keys = (1, 1, 2)
    assert [await customer.refund(n) for n in keys] == [Approved()] * 3
    for number in keys:
        key = customer.refund_key(number)
        assert await answer(lambda key=key: asked.refund_stands(key=key))  # type: ignore[misc]


async def test_a_card_that_is_not_accepted_names_the_field(asked: Gateway) -> None:
    with pytest.raises(CardNotAccepted) as refused:
        await Customer(asked).add_card("4000000000000000")
    assert refused.value.field == "number"
    assert "4000000000000000" not in str(refused.value)


async def test_lost_answers_move_the_money_once(
    asked: Gateway, provider: psp.Provider
) -> None:
    if asked is gateway():
        pytest.skip("tests/payments/test_ledger.py asks the demo gateway's books")
    customer = await Customer(asked).add_card(PAYS)
    await customer.charge()
    await customer.refund(1)
    await customer.refund(2)
    id = str(customer.order_id)
    assert provider.moved == [("charge", id), ("refund", id)]
    assert next(provider.turn) >= 8, "every second answer was lost"


class Silent:
    """A gateway that raises, or hangs."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def add_card(self, **_: object) -> None:
        if self._error:
            raise self._error
        await asyncio.Event().wait()


CARD = {"number": "4242 4242 4242 4242", "exp_month": 1, "exp_year": 2099, "cvc": "123"}


@pytest.mark.parametrize("error", [GatewayTimeout(), None], ids=["silent", "hanging"])
def test_the_vault_answers_when_the_gateway_does_not(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    monkeypatch.setattr(vault, "PATIENCE", 0.05)
    monkeypatch.setattr(vault, "gateway", lambda: Silent(error))
    reply = api.post("/api/cards", CARD, format="json")
    assert reply.status_code == 503
    assert reply["Retry-After"]
    assert reply.json()["type"] == "urn:cutpoints:problem:service-unavailable"
    assert not Card.objects.exists()
