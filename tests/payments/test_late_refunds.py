"""A refund that fails after it was reported done (test card …5126)."""

from collections.abc import Callable
from datetime import datetime

import pytest
from asgiref.sync import sync_to_async

from common.contract import Done
from common.contracts.orders import NoteRefundFailed, UnknownOrder
from common.errors import NoReply
from payments import late_refunds
from payments.models import Charge, Entry
from tests.conftest import Clock
from tests.payments.test_ledger import Order

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
    from payments import entries

    order = Order(await sync_to_async(card)(), later)
    await order.charge()
    await sync_to_async(entries.begin_refund)(order_id=order.id)
    await late_refunds.sweep(Orders().tell)
    assert await order.state() == "refunding", "left to whoever asked for it"
    stopped_clock.advance(entries.SWEEP_AFTER)
    await late_refunds.sweep(Orders().tell)
    assert (await order.state(), await order.net()) == ("refunded", 0)
