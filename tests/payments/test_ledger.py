"""The table "Payments" of the protocol, cell by cell, against the demo gateway."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from common import clock
from common.contracts.money import Money
from common.contracts.payments import (
    AlreadyRefunded,
    CardDeclined,
    ChargeCard,
    TooLateToCharge,
)
from common.rpc.errors import ContractBroken, NoReply
from payments import entries, intents, ledger, reports
from payments.demo_gateway.cards import CARDS
from payments.demo_gateway.models import Faults, Operation
from payments.intents import Settlement
from payments.models import Charge, Entry
from tests.conftest import Clock
from tests.rules import alone

pytestmark = pytest.mark.django_db(transaction=True)

TOTAL = Money(amount=4200, currency="EUR")
GOOD, DECLINED = "4242424242424242", "4000000000000002"


class Order:
    """An order that payments hears of."""

    def __init__(self, card_token: str, deadline: datetime) -> None:
        self.id, self.card_token, self.deadline = uuid4(), card_token, deadline

    async def charge(self, total: Money = TOTAL) -> Money:
        return await ledger.charge_card(self.request(total))

    def request(self, total: Money = TOTAL) -> ChargeCard:
        return ChargeCard(
            order_id=self.id,
            total=total,
            card_token=self.card_token,
            deadline=self.deadline,
        )

    async def refund(self) -> None:
        await ledger.refund_charge(order_id=self.id)

    async def state(self) -> str | None:
        row = await sync_to_async(Charge.objects.filter(order_id=self.id).first)()
        return row.state if row else None

    async def net(self) -> int:
        """Return what the ledger says that we keep."""
        found = await sync_to_async(reports.charges)(
            order_ids=(self.id,), after=None, limit=1
        )
        return found.charges[0].net if found.charges else 0

    async def at_the_gateway(self) -> list[tuple[str, str]]:
        """Return the gateway's own books on this order."""
        rows = Operation.objects.filter(order_id=self.id).order_by("at")
        return [(row.kind, row.outcome) async for row in rows]


@pytest.fixture
def order(card: Callable[..., str], transactional_db: None, later: datetime) -> Order:
    return Order(card(), later)


@pytest.fixture
def declined(
    card: Callable[..., str], transactional_db: None, later: datetime
) -> Order:
    return Order(card(DECLINED), later)


@pytest.fixture
async def faults(transactional_db: None) -> AsyncIterator[Callable[..., Any]]:
    """Return a function that sets the gateway's faults."""

    async def set(**faults: float) -> None:
        await sync_to_async(Faults.objects.update_or_create)(
            pk=1, defaults={"timeout_before": 0, "timeout_after": 0, **faults}
        )

    yield set


# ── charge ───────────────────────────────────────────────────────────────────


async def test_charge_on_none_charges_once(order: Order) -> None:
    assert await order.charge() == TOTAL
    assert await order.state() == "charged"
    assert await order.net() == 4200


async def test_charge_on_charged_is_ok_and_charges_nothing_more(order: Order) -> None:
    await order.charge()
    assert await order.charge() == TOTAL
    assert await order.net() == 4200
    assert await order.at_the_gateway() == [("charge", "approved")]


async def test_charge_on_declined_stays_declined(declined: Order) -> None:
    for _ in range(2):
        with pytest.raises(CardDeclined, match="Your card was declined"):
            await declined.charge()
    assert await declined.state() == "declined"
    assert await declined.net() == 0
    assert await declined.at_the_gateway() == [("charge", "declined")]


async def test_an_unknown_card_is_declined_and_remembered(order: Order) -> None:
    order.card_token = "card_nobody_has"
    for _ in range(2):
        with pytest.raises(CardDeclined) as caught:
            await order.charge()
        assert caught.value.code == "unknown_card"
    assert await order.at_the_gateway() == []


async def test_an_intent_over_another_amount_breaks_the_contract(
    order: Order, faults: Callable[..., Any]
) -> None:
    await faults(timeout_before=1)
    with pytest.raises(NoReply):
        await order.charge()
    await faults()
    with pytest.raises(ContractBroken, match="intent is over"):
        await order.charge(Money(amount=1, currency="EUR"))
    assert await order.state() == "intent"


@pytest.mark.parametrize("when", ["timeout_before", "timeout_after"])
async def test_a_gateway_timeout_is_unknown_and_resolved_with_the_same_key(
    order: Order, faults: Callable[..., Any], when: str
) -> None:
    await faults(**{when: 1})
    with pytest.raises(NoReply):
        await order.charge()
    assert await order.state() == "intent", "a timeout commits nothing"
    await faults()
    await order.charge()
    assert await order.net() == 4200
    assert await order.at_the_gateway() == [("charge", "approved")], "charged once"


async def test_charge_past_the_deadline_starts_nothing(
    order: Order, stopped_clock: Clock
) -> None:
    stopped_clock.now = order.deadline
    with pytest.raises(TooLateToCharge):
        await order.charge()
    assert await order.state() is None
    assert await order.at_the_gateway() == []


async def test_many_workers_with_one_order_charge_it_once(order: Order) -> None:
    charged = await asyncio.gather(*(order.charge() for _ in range(6)))
    assert charged == [TOTAL] * 6
    assert await order.net() == 4200
    assert await order.at_the_gateway() == [("charge", "approved")]


# ── refund ───────────────────────────────────────────────────────────────────


async def test_refund_on_none_leaves_a_tombstone_that_a_late_charge_meets(
    order: Order,
) -> None:
    await order.refund()
    assert await order.state() == "voided"
    with pytest.raises(AlreadyRefunded):
        await order.charge()
    assert await order.at_the_gateway() == []
    await order.refund()


async def test_refund_on_charged_pays_everything_back_once(order: Order) -> None:
    await order.charge()
    await order.refund()
    await order.refund()
    assert await order.state() == "refunded"
    assert await order.net() == 0
    assert await order.at_the_gateway() == [
        ("charge", "approved"),
        ("refund", "approved"),
    ]


async def test_a_charge_that_settles_while_a_refund_looks_is_paid_back(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL two statements of one transaction may see two states."""
    await order.charge()
    looked = []

    def still_an_intent(*words: Any, **changes: Any) -> bool:
        looked.append(words)
        return move(*words, **changes) if len(looked) > 1 else False

    move = entries._transition
    monkeypatch.setattr(entries, "_transition", still_an_intent)
    await order.refund()
    assert await order.state() == "refunded"
    assert await order.net() == 0


async def test_charge_on_refunded_is_refused(order: Order) -> None:
    await order.charge()
    await order.refund()
    with pytest.raises(AlreadyRefunded):
        await order.charge()
    assert await order.net() == 0


async def test_refund_on_declined_is_ok_and_stays_declined(declined: Order) -> None:
    with pytest.raises(CardDeclined):
        await declined.charge()
    await declined.refund()
    assert await declined.state() == "declined"


async def test_refund_of_an_intent_first_learns_what_became_of_it(
    order: Order, faults: Callable[..., Any]
) -> None:
    await faults(timeout_after=1)
    with pytest.raises(NoReply):
        await order.charge()  # the gateway has charged, and we do not know
    await faults()
    await order.refund()
    assert await order.state() == "refunded"
    assert await order.net() == 0
    books = await order.at_the_gateway()
    assert books == [("charge", "approved"), ("refund", "approved")]


async def test_refund_of_an_intent_is_unknown_while_the_gateway_is_silent(
    order: Order, faults: Callable[..., Any]
) -> None:
    await faults(timeout_before=1)
    with pytest.raises(NoReply):
        await order.charge()
    with pytest.raises(NoReply):
        await order.refund()
    assert await order.state() == "intent"


async def test_a_refund_that_timed_out_is_asked_for_again_under_its_key(
    order: Order, faults: Callable[..., Any]
) -> None:
    await order.charge()
    await faults(timeout_after=1)
    with pytest.raises(NoReply):
        await order.refund()
    assert await order.state() == "refunding"
    with pytest.raises(NoReply):
        with pytest.raises(AlreadyRefunded):
            await order.charge()
        await order.refund()
    await faults()
    await order.refund()
    assert await order.net() == 0
    books = await order.at_the_gateway()
    assert books == [("charge", "approved"), ("refund", "approved")], "paid back once"


async def test_only_a_definite_no_gives_the_next_refund_a_new_key(
    order: Order, faults: Callable[..., Any]
) -> None:
    await order.charge()
    await faults(refuse_refunds=1)
    with pytest.raises(NoReply, match="refund 2 is still to come"):
        await order.refund()
    await faults(refuse_refunds=0)
    await order.refund()
    assert await order.state() == "refunded"
    keys = Operation.objects.filter(kind="refund").order_by("at")
    assert [row.key async for row in keys] == [
        f"refund:{order.id}:1",
        f"refund:{order.id}:2",
    ]
    assert await order.net() == 0


async def test_two_refusals_of_one_refund_move_its_number_once(order: Order) -> None:
    await order.charge()
    await sync_to_async(entries.begin_refund)(order_id=order.id)
    for _ in range(2):
        charge = await sync_to_async(entries.record_refused_refund)(
            order_id=order.id, refund=1
        )
    assert charge.refund == 2


async def test_the_answer_to_an_earlier_refund_ends_no_later_one(
    order: Order,
) -> None:
    await order.charge()
    await sync_to_async(entries.begin_refund)(order_id=order.id)
    await sync_to_async(entries.record_refused_refund)(order_id=order.id, refund=1)
    stale = await sync_to_async(entries.record_refund)(order_id=order.id, refund=1)
    assert (stale.state, stale.refund) == ("refunding", 2)
    assert await order.net() == 4200


async def test_an_old_intent_is_looked_up_not_replayed(
    order: Order, faults: Callable[..., Any], stopped_clock: Clock
) -> None:
    order.deadline = clock.after(60)
    await faults(timeout_before=1)
    with pytest.raises(NoReply):
        await order.charge()
    await faults()
    stopped_clock.advance(23 * 3600)
    await order.refund()
    assert await order.state() == "voided"
    assert await order.at_the_gateway() == [], "no new charge under a forgotten key"


async def test_an_old_intent_that_was_charged_is_paid_back(
    order: Order, faults: Callable[..., Any], stopped_clock: Clock
) -> None:
    order.deadline = clock.after(60)
    await faults(timeout_after=1)
    with pytest.raises(NoReply):
        await order.charge()
    await faults()
    stopped_clock.advance(23 * 3600)
    await order.refund()
    assert await order.state() == "refunded"
    assert await order.net() == 0


# ── the cards ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [c.number for c in CARDS if c.decline_code])
async def test_each_declining_card_shows_what_a_customer_may_know(
    card: Callable[..., str], later: datetime, number: str
) -> None:
    order = Order(await sync_to_async(card)(number), later)
    with pytest.raises(CardDeclined) as caught:
        await order.charge()
    kept = await sync_to_async(Charge.objects.get)(order_id=order.id)
    (test_card,) = [c for c in CARDS if c.number == number]
    assert kept.decline_code == test_card.decline_code
    secret = {"lost_card", "stolen_card", "fraudulent", "generic_decline"}
    if test_card.decline_code in secret:
        assert caught.value.code == "generic_decline"
        assert str(caught.value) == "Your card was declined."
    else:
        assert caught.value.code == test_card.decline_code


async def test_the_ledger_refuses_a_second_entry(order: Order) -> None:
    await order.charge()
    assert await sync_to_async(Entry.objects.count)() == 1
    charge = await Charge.objects.aget(order_id=order.id)
    told = Settlement(charge, ledger.Approved())
    again = await sync_to_async(alone)(intents.settle, told)
    assert again.state == "charged"
    assert await sync_to_async(Entry.objects.count)() == 1
