"""What strangers write reaches nobody's terminal as more than text."""

import uuid
from collections.abc import Callable

import msgspec
import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from common import clock
from common.contracts.inventory import Line
from common.rpc.contract import read
from common.rpc.errors import ContractBroken
from common.saga import history, leases
from orders.models import Order, OrderLine

pytestmark = pytest.mark.django_db(transaction=True)

STEERING = [
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x1b]8;;http://x\x1b\\\\",
    "a\nb",
    "a\rb",
    "\x9b2J",
    "\u202egnal",
    "a\x08b",
]


@pytest.mark.parametrize("text", STEERING)
@pytest.mark.parametrize("field", ["sku", "card_token"])
def test_the_api_refuses_it_and_places_nothing(
    api: APIClient, field: str, text: str
) -> None:
    body = {"lines": [{"sku": "MUG", "quantity": 1}], "card_token": "card_x"}
    if field == "sku":
        body["lines"] = [{"sku": text, "quantity": 1}]
    else:
        body["card_token"] = text
    answer = api.post(
        "/api/orders",
        body,
        format="json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    assert answer.status_code == 400
    assert "expected printable characters" in answer.json()["errors"][0]["detail"]
    assert not Order.objects.exists()


@pytest.mark.parametrize("text", STEERING)
def test_the_bus_refuses_it(text: str) -> None:
    with pytest.raises(ContractBroken):
        read(msgspec.to_builtins({"sku": text, "quantity": 1}), Line)


@pytest.mark.parametrize("text", STEERING)
def test_inspect_shows_what_is_there_already_as_text(
    placed: Callable[..., Order], capsys: pytest.CaptureFixture[str], text: str
) -> None:
    order = placed()
    OrderLine.objects.filter(order=order).update(sku=text)
    Order.objects.update(reason={"detail": text}, deadline=clock.now())
    history.write(
        Order, order.id, history.attempt("charge card", "payments", f"refused: {text}")
    )
    leases.flag(Order, order.id, f"unexpected: {text}")
    call_command("inspect", str(order.id))
    call_command("inspect")
    said = capsys.readouterr().out
    assert all(line.isprintable() for line in said.split("\n"))
    assert "owned" not in text or "owned" in said
