"""The order's way, with every service real and in this process."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from msgspec.structs import replace

from common.contracts.inventory import (
    AllocateInventory,
    FinaliseInventory,
    ReleaseInventory,
)
from common.contracts.money import Money
from common.contracts.orders import ENDED
from common.contracts.payments import CardCharged, ChargeCard, RefundCharge
from common.rpc import process_client
from common.rpc.contract import Done
from common.rpc.errors import NoReply
from common.saga import leases
from common.saga.orchestrator import ATTENTION_AFTER, BACKOFF_CAP
from common.saga.transitions import StaleRow
from inventory import handlers as inventory_handlers
from inventory.models import Allocation, Stock
from orders import states
from orders.models import Order
from orders.orchestrator import orchestrator
from payments import handlers as payments_handlers
from payments.models import Charge
from suite.script import SIX_STEPS
from tests.conftest import Clock
from tests.orders.conftest import Row
from tests.rules import alone, claim, confirm

Placed = Callable[..., Order]
Read = Callable[[Order], Row]


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that replaces the handler of a contract."""
    services = (inventory_handlers.service, payments_handlers.service)

    def replace(contract: type, handler: Callable[..., Any]) -> None:
        for service in services:
            if contract in service.handlers:
                monkeypatch.setitem(service.handlers, contract, handler)

    return replace


async def run(order: Order) -> None:
    await orchestrator.run(order.id)


async def read(row: Read, order: Order) -> Row:
    return await sync_to_async(row)(order)


async def run_until_ended(order: Order, row: Read, clock: Clock) -> Row:
    """Run, letting time pass between attempts, as the sweeper would."""
    for _ in range(30):
        await run(order)
        now = await read(row, order)
        if now["status"] in ENDED:
            return now
        clock.advance(BACKOFF_CAP)
    raise AssertionError(f"no end: {now}")


async def stock() -> tuple[int, int]:
    return await sync_to_async(
        lambda: Stock.objects.values_list("on_hand", "allocated").get()
    )()


async def test_six_steps_in_order_confirm_it(placed: Placed, row: Read) -> None:
    order = await sync_to_async(placed)()
    await run(order)
    assert await read(row, order) == {
        "status": "confirmed",
        "total": 2500,
        "reason": "",
        "flagged": False,
        "transitions": ["placed", "confirmed"],
        "steps": list(SIX_STEPS),
    }
    assert await stock() == (8, 0)


@pytest.mark.parametrize(
    ("number", "lines", "reason"),
    [
        ("4242424242424242", {"MUG": 11}, "out-of-stock"),
        ("4242424242424242", {"MUG": 1, "UNICORN": 1}, "unknown-product"),
        ("4000000000000002", {"MUG": 1}, "card-declined"),
    ],
)
async def test_a_refusal_rejects_it_and_compensates_what_was_done(
    placed: Placed, row: Read, number: str, lines: dict[str, int], reason: str
) -> None:
    order = await sync_to_async(placed)(number, **lines)
    await run(order)
    end = await read(row, order)
    assert (end["status"], end["reason"]) == ("rejected", reason)
    assert end["transitions"] == ["placed", "compensating", "rejected"]
    assert end["steps"][-2:] == ["refund card", "release inventory"]
    assert await stock() == (10, 0)


async def test_an_unanswered_step_is_asked_again_with_the_same_key(
    placed: Placed,
    row: Read,
    stopped_clock: Clock,
    handle: Callable[..., None],
) -> None:
    real, calls_made = payments_handlers.charge_card, []

    async def charge_then_crash(request: ChargeCard) -> CardCharged:
        calls_made.append(request)
        reply = await real(request)
        if len(calls_made) < 3:
            raise ZeroDivisionError  # after the card was charged
        return reply

    handle(ChargeCard, charge_then_crash)
    order = await sync_to_async(placed)()
    end = await run_until_ended(order, row, stopped_clock)
    assert end["status"] == "confirmed"
    assert len(calls_made) == 3
    charge = await sync_to_async(Charge.objects.get)(order_id=order.id)
    assert await sync_to_async(charge.entries.count)() == 1


async def test_past_its_deadline_it_expires_and_everything_is_undone(
    placed: Placed, row: Read, stopped_clock: Clock, handle: Callable[..., None]
) -> None:
    def silent(request: FinaliseInventory) -> Done:
        raise NoReply("lost")

    handle(FinaliseInventory, silent)
    order = await sync_to_async(placed)()
    await run(order)
    assert (await read(row, order))["status"] == "placed"
    stopped_clock.now = order.deadline
    await run(order)
    end = await read(row, order)
    assert (end["status"], end["reason"]) == ("expired", "deadline-passed")
    assert end["transitions"] == ["placed", "compensating", "expired"]
    assert await stock() == (10, 0)
    charge = await sync_to_async(Charge.objects.get)(order_id=order.id)
    assert charge.state == "refunded"


async def test_the_next_attempt_never_waits_beyond_the_deadline(
    placed: Placed, stopped_clock: Clock, handle: Callable[..., None]
) -> None:
    def silent(request: AllocateInventory) -> None:
        raise NoReply("lost")

    handle(AllocateInventory, silent)
    order = await sync_to_async(placed)()
    for _ in range(12):
        await run(order)
        order = await sync_to_async(Order.objects.get)(pk=order.pk)
        assert order.next_attempt_at is not None
        assert order.next_attempt_at <= order.deadline
        stopped_clock.now = max(stopped_clock.now, order.next_attempt_at)
        if stopped_clock.now == order.deadline:
            break
    assert order.failures >= 1


@pytest.mark.parametrize("unsure", [RefundCharge, ReleaseInventory])
async def test_compensating_goes_on_until_both_have_answered_and_a_person_is_told(
    placed: Placed,
    row: Read,
    stopped_clock: Clock,
    handle: Callable[..., None],
    unsure: type,
) -> None:
    failing = True

    def maybe(request: Any) -> Done:
        if failing:
            raise NoReply("lost")
        return Done()

    handle(unsure, maybe)
    order = await sync_to_async(placed)(MUG=11)
    for _ in range(ATTENTION_AFTER + 2):
        await run(order)
        now = await read(row, order)
        assert now["status"] == "compensating", "an unanswered undo is not done"
        stopped_clock.advance(BACKOFF_CAP)
    assert now["flagged"]
    stopped_clock.advance(3600)  # compensating knows no deadline
    failing = False
    assert (await run_until_ended(order, row, stopped_clock))["status"] == "rejected"


@pytest.mark.parametrize("step", [AllocateInventory, ChargeCard, FinaliseInventory])
async def test_a_customer_may_cancel_during_any_step(
    placed: Placed,
    row: Read,
    stopped_clock: Clock,
    handle: Callable[..., None],
    step: type,
) -> None:
    handlers = {**inventory_handlers.service.handlers}
    handlers |= payments_handlers.service.handlers
    real = handlers[step]

    async def cancel_meanwhile(request: Any) -> Any:
        assert await sync_to_async(states.cancel)(request.order_id)
        if asyncio.iscoroutinefunction(real):
            return await real(request)
        return await real(request)

    cancel_meanwhile.__annotations__ = {"return": step}
    handle(step, cancel_meanwhile)
    order = await sync_to_async(placed)()
    end = await run_until_ended(order, row, stopped_clock)
    assert (end["status"], end["reason"]) == ("cancelled", "cancelled-by-customer")
    assert end["transitions"] == ["placed", "compensating", "cancelled"]
    assert await stock() == (10, 0)


async def test_a_loser_compensates_nothing_by_itself(
    placed: Placed, row: Read, handle: Callable[..., None]
) -> None:
    """Two workers: while one waits for finalise, the other confirms."""
    order = await sync_to_async(placed)()
    waiting, go_on = asyncio.Event(), asyncio.Event()
    real = inventory_handlers.finalise_inventory
    first = True

    async def slow_once(request: FinaliseInventory) -> Done:
        nonlocal first
        if first:
            first = False
            waiting.set()
            await go_on.wait()
        return await real(request)

    handle(FinaliseInventory, slow_once)
    loser = asyncio.create_task(run(order))
    await waiting.wait()
    await sync_to_async(Order.objects.update)(next_attempt_at=order.placed_at)
    await run(order)
    assert (await read(row, order))["status"] == "confirmed"
    go_on.set()
    await loser
    end = await read(row, order)
    assert (end["status"], end["transitions"]) == ("confirmed", ["placed", "confirmed"])
    assert await stock() == (8, 0)


async def test_the_lease_keeps_a_second_runner_away(
    placed: Placed, handle: Callable[..., None]
) -> None:
    order = await sync_to_async(placed)()
    assert await sync_to_async(claim)(order.id)
    assert await sync_to_async(claim)(order.id) is None


async def test_an_order_that_ended_after_the_sweeper_took_it_is_left_alone(
    placed: Callable[..., Order],
    row: Callable[[Order], Row],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = await sync_to_async(placed)()
    take = orchestrator.sweeper._take

    def take_and_confirm(most: int) -> list[Any]:
        taken = take(most)
        if taken:
            confirm(order.id)
        return taken

    await sync_to_async(Order.objects.filter(id=order.id).update)(total=1)
    monkeypatch.setattr(orchestrator.sweeper, "_take", take_and_confirm)
    await orchestrator.sweep()
    end = await read(row, order)
    assert (end["status"], end["flagged"]) == ("confirmed", False)
    assert "allocate inventory" not in end["steps"]


async def test_a_crashed_worker_is_followed_by_the_sweeper(
    placed: Placed, row: Read, stopped_clock: Clock
) -> None:
    order = await sync_to_async(placed)()
    assert await sync_to_async(claim)(order.id)  # and then nothing: a SIGKILL
    await orchestrator.sweep()
    assert (await read(row, order))["status"] == "placed"
    stopped_clock.advance(leases.LEASE + 1)
    await orchestrator.sweep()
    assert (await read(row, order))["status"] == "confirmed"


async def test_compensated_while_placed_is_flagged_and_ends_by_the_deadline(
    placed: Placed, row: Read, stopped_clock: Clock
) -> None:
    order = await sync_to_async(placed)()
    await sync_to_async(Allocation.objects.create)(
        order_id=order.id, state="released", decided_at=order.placed_at
    )
    await run(order)
    now = await read(row, order)
    assert (now["status"], now["flagged"]) == ("placed", True)
    stopped_clock.now = order.deadline
    assert (await run_until_ended(order, row, stopped_clock))["status"] == "expired"


async def test_a_charge_of_another_amount_is_flagged_never_confirmed(
    placed: Placed, row: Read, handle: Callable[..., None]
) -> None:
    async def wrong(request: ChargeCard) -> CardCharged:
        return CardCharged(charged=Money(amount=1, currency="EUR"))

    handle(ChargeCard, wrong)
    order = await sync_to_async(placed)()
    await run(order)
    now = await read(row, order)
    assert (now["status"], now["flagged"]) == ("placed", True)


async def test_the_first_stored_total_counts(
    placed: Placed, row: Read, stopped_clock: Clock
) -> None:
    order = await sync_to_async(placed)()
    await sync_to_async(Order.objects.update)(total=999, currency="EUR")
    await run(order)
    assert (await read(row, order))["total"] == 999
    charge = await sync_to_async(Charge.objects.get)(order_id=order.id)
    assert charge.amount == 999
    assert (await read(row, order))["flagged"], "inventory contradicts itself"


async def test_the_same_prices_told_again_are_no_contradiction(
    placed: Placed, row: Read
) -> None:
    from common.contracts.inventory import PricedLine
    from orders import totals

    order = await sync_to_async(placed)()
    line = PricedLine(sku="MUG", quantity=2, unit_price=1250, currency="EUR")
    for _ in range(2):
        total = await sync_to_async(alone)(totals.store, totals.Priced(order, (line,)))
        assert total.amount == 2500
        assert not (await read(row, order))["flagged"]
    dearer = replace(line, unit_price=1251)
    total = await sync_to_async(alone)(totals.store, totals.Priced(order, (dearer,)))
    assert total.amount == 2500
    assert (await read(row, order))["flagged"]


@pytest.mark.parametrize("meanwhile", ["cancel", "confirm"])
async def test_an_order_that_moved_on_gets_no_total(
    placed: Placed, meanwhile: str
) -> None:
    from common.contracts.inventory import PricedLine
    from orders import totals

    order = await sync_to_async(placed)()
    if meanwhile == "cancel":
        await sync_to_async(states.cancel)(order.id)
    else:
        await sync_to_async(Order.objects.update)(status="confirmed", total=5)
    line = PricedLine(sku="MUG", quantity=2, unit_price=1250, currency="EUR")
    with pytest.raises(StaleRow):
        await sync_to_async(alone)(totals.store, totals.Priced(order, (line,)))
    after = await sync_to_async(Order.objects.get)(pk=order.pk)
    assert after.total == (None if meanwhile == "cancel" else 5)


async def test_a_call_inside_a_transaction_is_refused(transactional_db: None) -> None:
    from django.db import transaction

    from common.contracts.reports.inventory import ListProducts

    def call_in_transaction() -> None:
        with transaction.atomic():
            process_client.call_sync(ListProducts())

    with pytest.raises(RuntimeError, match="no calls to services inside"):
        await sync_to_async(call_in_transaction)()


async def test_a_local_rule_inside_anothers_transaction_raises(
    placed: Placed,
) -> None:
    from django.db import transaction

    def nested() -> None:
        with transaction.atomic():
            confirm(placed().id)

    with pytest.raises(RuntimeError, match="durable"):
        await sync_to_async(nested)()


@pytest.mark.parametrize("hours", [1, 24 * 365])
async def test_a_wall_clock_that_is_set_back_stops_no_order(
    placed: Placed, row: Read, stopped_clock: Clock, hours: int
) -> None:
    taken, fresh = [await sync_to_async(placed)() for _ in range(2)]
    assert await sync_to_async(claim)(taken.id), "its worker dies now"
    stopped_clock.advance(-3600 * hours)
    await orchestrator.sweep()
    for order in (taken, fresh):
        assert (await read(row, order))["status"] == "confirmed"


async def test_a_lease_that_has_just_been_taken_is_left_alone(
    placed: Placed, stopped_clock: Clock
) -> None:
    order = await sync_to_async(placed)()
    assert await sync_to_async(claim)(order.id)
    for seconds in (0, -5):  # two machines' clocks are never the same
        stopped_clock.advance(seconds)
        assert not await sync_to_async(claim)(order.id)
