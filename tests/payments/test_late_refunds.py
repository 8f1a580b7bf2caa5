"""A refund that fails after it was reported done (test card …5126)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async

from common.contracts.orders import NoteRefundFailed, UnknownOrder
from common.rpc.contract import Done
from common.rpc.errors import NoReply
from payments import entries, late_refunds, ledger
from payments.demo_gateway.gateway import DemoGateway
from payments.gateway import GatewayTimeout
from payments.models import Charge, Entry
from tests.conftest import Clock
from tests.payments.test_ledger import Order, faults  # noqa: F401 a fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(
    card: Callable[..., str],
    transactional_db: None,
    stopped_clock: Clock,
    later: datetime,
) -> Order:
    return Order(card("4000000000005126"), later)


class Orders:
    """The orders service, as payments' sweeper calls it."""

    def __init__(self, answer: Exception | None = None) -> None:
        self.answer = answer
        self.told: list[NoteRefundFailed] = []

    async def tell(self, note: NoteRefundFailed) -> Done:
        self.told.append(note)
        if self.answer:
            raise self.answer
        return Done()


async def charge(order: Order) -> Charge:
    return await sync_to_async(Charge.objects.get)(order_id=order.id)


async def test_it_is_reversed_tried_again_and_orders_is_told(
    order: Order, stopped_clock: Clock
) -> None:
    orders = Orders()
    await order.charge()
    await order.refund()
    assert (await order.state(), await order.net()) == ("refunded", 0)

    stopped_clock.advance(10)
    await late_refunds.sweep(orders.tell)

    failed = await charge(order)
    assert (failed.state, failed.refund, failed.failed_refunds) == ("refunding", 2, 1)
    assert await order.net() == 4200, "the ledger does not pretend"
    assert orders.told == [NoteRefundFailed(order_id=order.id, refund=1)]

    stopped_clock.advance(1)
    await late_refunds.sweep(orders.tell)
    assert (await order.state(), await order.net()) == ("refunded", 0)
    entries = Entry.objects.order_by("id")
    assert [(e.kind, e.amount) async for e in entries] == [
        ("charge", 4200),
        ("refund", -4200),
        ("reversal", 4200),
        ("refund", -4200),
    ]
    for _ in range(5):
        stopped_clock.advance(3600)
        await late_refunds.sweep(orders.tell)
    assert await order.net() == 0
    assert len(orders.told) == 1


async def test_orders_is_told_until_it_has_heard(
    order: Order, stopped_clock: Clock
) -> None:
    deaf = Orders(NoReply("down"))
    await order.charge()
    await order.refund()
    for _ in range(3):
        stopped_clock.advance(10)
        await late_refunds.sweep(deaf.tell)
    assert len(deaf.told) >= 2
    awake = Orders()
    stopped_clock.advance(late_refunds.RETRY_AFTER)
    await late_refunds.sweep(awake.tell)
    await late_refunds.sweep(awake.tell)
    assert len(awake.told) == 1


async def test_an_order_that_orders_does_not_know_is_not_told_of_for_ever(
    order: Order, stopped_clock: Clock
) -> None:
    orders = Orders(UnknownOrder())
    await order.charge()
    await order.refund()
    for _ in range(3):
        stopped_clock.advance(10)
        await late_refunds.sweep(orders.tell)
    assert len(orders.told) == 1


async def test_a_refund_that_stands_is_checked_less_and_less_often(
    card: Callable[..., str], stopped_clock: Clock, later: datetime
) -> None:
    order = Order(await sync_to_async(card)(), later)
    await order.charge()
    await order.refund()
    for checks in range(1, 8):
        stopped_clock.advance(2**checks)
        await late_refunds.sweep(Orders().tell)
        kept = await charge(order)
        assert (kept.state, kept.checks) == ("refunded", checks)
    await sync_to_async(Charge.objects.update)(checks=late_refunds.LAST_CHECK)
    stopped_clock.advance(3600)
    await late_refunds.sweep(Orders().tell)
    assert (await charge(order)).next_attempt_at is None


async def test_a_refund_that_nobody_asks_for_again_is_carried_on(
    card: Callable[..., str], stopped_clock: Clock, later: datetime
) -> None:
    order = Order(await sync_to_async(card)(), later)
    await order.charge()
    await sync_to_async(entries.begin_refund)(order_id=order.id)
    await late_refunds.sweep(Orders().tell)
    assert await order.state() == "refunding", "left to whoever asked for it"
    stopped_clock.advance(entries.SWEEP_AFTER)
    await late_refunds.sweep(Orders().tell)
    assert (await order.state(), await order.net()) == ("refunded", 0)


async def test_a_wall_clock_that_is_set_back_stops_neither_refunds_nor_news(
    card: Callable[..., str], stopped_clock: Clock, later: datetime, order: Order
) -> None:
    await order.charge()
    await order.refund()
    stopped_clock.advance(10)
    await late_refunds.sweep(Orders(NoReply("down")).tell)
    begun = Order(await sync_to_async(card)(), later)
    await begun.charge()
    await sync_to_async(entries.begin_refund)(order_id=begun.id)

    stopped_clock.advance(-3600)
    awake = Orders()
    await late_refunds.sweep(awake.tell)

    assert len(awake.told) == 1
    assert await begun.state() == "refunded"
    assert await order.state() == "refunded"
    checked = (await charge(order)).checks
    stopped_clock.advance(-2 * 3600)  # checks may be an hour apart anyway
    await late_refunds.sweep(awake.tell)
    assert (await charge(order)).checks > checked


# ── one charge's trouble ─────────────────────────────────────────────────────


class Misbehaving(DemoGateway):
    """A gateway that raises anything, or hangs, about one order."""

    def __init__(self, order_id: UUID, how: Exception | None) -> None:
        super().__init__()
        self._id, self._how = order_id, how

    async def refund(self, *, key: str, order_id: UUID, **words: Any) -> Any:
        await self._misbehave(str(order_id))
        return await super().refund(key=key, order_id=order_id, **words)

    async def refund_stands(self, *, key: str) -> bool:
        await self._misbehave(key)
        return await super().refund_stands(key=key)

    async def _misbehave(self, key: str) -> None:
        if str(self._id) in key:
            if self._how is None:
                await asyncio.Event().wait()
            else:
                raise self._how


WAYS = {
    "a bug": ZeroDivisionError("no"),
    "its connection": ConnectionError("refused"),
    "its own timeout": TimeoutError(),
    "our timeout": GatewayTimeout(),
    "a key": KeyError("status"),
    "nothing, it hangs": None,
}


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("state", ["refunding", "refunded"])
async def test_a_gateway_that_raises_anything_keeps_no_other_charge_waiting(
    order: Order,
    card: Callable[..., str],
    stopped_clock: Clock,
    later: datetime,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    state: str,
) -> None:
    monkeypatch.setattr(late_refunds.REFUNDS, "at_a_time", 1)
    monkeypatch.setattr(late_refunds.REFUNDS, "longest", 0.2)
    behind = Order(await sync_to_async(card)(), later)
    for one in (order, behind):
        await one.charge()
        await sync_to_async(entries.begin_refund)(order_id=one.id)
        if state == "refunded":
            await one.refund()
        stopped_clock.advance(0.01)
    stopped_clock.advance(entries.SWEEP_AFTER)
    gateway = Misbehaving(order.id, WAYS[how])
    monkeypatch.setattr(late_refunds, "gateway", lambda: gateway)
    monkeypatch.setattr(ledger, "gateway", lambda: gateway)
    for _ in range(2):
        with suppress(ConnectionError):  # an outage is for the worker to tell
            await late_refunds.sweep(Orders().tell)
    assert await order.state() == state
    assert await behind.state() == "refunded"
    if state == "refunded":
        assert (await charge(behind)).checks == 1

    monkeypatch.undo()
    stopped_clock.advance(late_refunds.RETRY_AFTER)
    await late_refunds.sweep(Orders().tell)
    after = await charge(order)
    assert after.state == "refunded" or after.failed_refunds == 1, "it had its turn"


async def test_orders_that_raises_anything_keeps_no_other_news_waiting(
    order: Order, stopped_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = Order(order.card_token, order.deadline)
    for one in (order, second):
        await one.charge()
        await one.refund()
    stopped_clock.advance(10)
    monkeypatch.setattr(late_refunds.NEWS, "at_a_time", 1)
    told: list[UUID] = []

    async def tell(note: NoteRefundFailed) -> Done:
        told.append(note.order_id)
        if note.order_id == told[0]:
            raise ZeroDivisionError
        return Done()

    for _ in range(3):
        await late_refunds.sweep(tell)
    assert set(told) == {order.id, second.id}
    untold = [
        one.order_id async for one in Charge.objects.filter(orders_notified=False)
    ]
    assert untold == told[:1], "it is told again, and the other one is not"


async def test_the_number_that_is_told_is_the_reversals(
    order: Order,
    faults: Callable[..., Any],  # noqa: F811
    stopped_clock: Clock,
) -> None:
    orders = Orders()
    await order.charge()
    await faults(refuse_refunds=1.0)
    with pytest.raises(NoReply, match="refund 2 is still to come"):
        await order.refund()
    await faults(refuse_refunds=0.0)
    await order.refund()
    stopped_clock.advance(10)
    await late_refunds.sweep(orders.tell)
    reversal = await sync_to_async(Entry.objects.get)(kind="reversal")
    assert reversal.refund == 2
    assert orders.told == [NoteRefundFailed(order_id=order.id, refund=2)]
