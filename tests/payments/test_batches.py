"""Intents and settlements that arrive together: each as if it had come alone."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from common.contracts.money import Money
from common.contracts.payments import ChargeCard, TooLateToCharge
from common.rpc.errors import ContractBroken
from payments import entries, intents
from payments.gateway import Approved, Declined
from payments.intents import Settlement
from payments.models import Charge, Entry
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
Card = Callable[..., str]


def request(
    token: str, deadline: datetime, *, order_id: UUID | None = None, amount: int = 100
) -> ChargeCard:
    return ChargeCard(
        order_id=order_id or uuid4(),
        total=Money(amount=amount, currency="EUR"),
        card_token=token,
        deadline=deadline,
    )


def test_each_intent_is_opened_by_itself(
    card: Card, later: datetime, stopped_clock: Clock
) -> None:
    token, voided = card(), uuid4()
    entries.begin_refund(order_id=voided)
    asked = [
        request(token, later),
        request("no-such-card", later),
        request(token, stopped_clock.now),
        request(token, later, order_id=voided),
    ]
    opened, unknown, late, refunded = intents.open_intents(asked)
    assert isinstance(opened, Charge) and opened.state == "intent"
    assert isinstance(unknown, Charge)
    assert (unknown.state, unknown.decline_code) == ("declined", "unknown_card")
    assert isinstance(late, TooLateToCharge)
    assert isinstance(refunded, Charge) and refunded.state == "voided"
    assert Charge.objects.count() == 3


def test_one_order_twice_in_a_batch_has_one_intent(card: Card, later: datetime) -> None:
    token, order_id = card(), uuid4()
    same = request(token, later, order_id=order_id)
    other = request(token, later, order_id=order_id, amount=999)
    first, contradiction, again = intents.open_intents([same, other, same])
    assert isinstance(first, Charge) and isinstance(again, Charge)
    assert first.amount == again.amount == 100
    assert isinstance(contradiction, ContractBroken)
    assert Charge.objects.get().amount == 100


def test_each_settlement_is_written_by_itself(card: Card, later: datetime) -> None:
    token = card()
    outcomes = [Approved(), Declined("lost_card"), None, Approved()]
    opened = intents.open_intents([request(token, later) for _ in outcomes])
    charges = [one for one in opened if isinstance(one, Charge)]
    told = [Settlement(*pair) for pair in zip(charges, outcomes, strict=True)]
    settled = intents.settle(told)
    states = ["charged", "declined", "voided", "charged"]
    assert [one.state for one in settled] == states
    kept = [Charge.objects.get(pk=one.pk) for one in charges]
    assert [one.state for one in kept] == states
    assert [one.decline_code for one in kept] == ["", "lost_card", "", ""]
    assert sorted(Entry.objects.values_list("charge", flat=True)) == sorted(
        one.pk for one in kept if one.state == "charged"
    )
    again = intents.settle([Settlement(one, Declined("late")) for one in charges])
    assert [one.state for one in again] == states, "the first word counts"
    assert Entry.objects.count() == 2
