"""A bug that meets one order is told, tried again later, and in no other one's way."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from structlog.testing import capture_logs

from common.contracts.inventory import AllocateInventory, FinaliseInventory
from common.contracts.payments import RefundCharge
from common.rpc.errors import NotServed
from common.saga import leases, transitions
from common.saga.orchestrator import BACKOFF_CAP
from orders import placing, pricing, states
from orders.models import Order
from orders.orchestrator import orchestrator
from tests.conftest import Clock
from tests.orders.conftest import Row
from tests.orders.test_orchestrator import handle, run_until_ended  # noqa: F401 a fixture

Placed = Callable[..., Order]
Read = Callable[[Order], Row]


class Surprise(Exception):
    """What no code of ours expects."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., set[Any]]:
    """Return a function that breaks a step for some orders: those in its result."""

    def break_step(module: Any, name: str, text: str = "no such luck") -> set[Any]:
        real, ids = getattr(module, name), set()

        def maybe(*given: Any) -> Any:
            if ids & {getattr(one, "pk", one) for one in given[:2]}:
                raise Surprise(text)
            return real(*given)

        monkeypatch.setattr(module, name, maybe)
        return ids

    return break_step


async def fresh(order: Order) -> Order:
    return await sync_to_async(Order.objects.get)(pk=order.pk)


STEPS = [
    (placing, "allocate_inventory"),
    (placing, "charge_card"),
    (placing, "finalise_order"),
    (leases, "claimed"),
    (transitions, "expire"),
    (leases, "postpone"),
]


@pytest.mark.parametrize(("module", "name"), STEPS, ids=lambda step: str(step)[-20:])
async def test_an_order_that_meets_a_bug_is_flagged_and_has_to_wait(
    placed: Placed,
    broken: Callable[..., set[Any]],
    handle: Callable[..., None],  # noqa: F811
    stopped_clock: Clock,
    module: Any,
    name: str,
) -> None:
    order = await sync_to_async(placed)()
    broken(module, name).add(order.id)
    if name == "expire":
        stopped_clock.now = order.deadline
    if name == "postpone":

        def absent(request: AllocateInventory) -> None:
            raise NotServed("later")

        handle(AllocateInventory, absent)
    with capture_logs() as logs:
        for failures in range(1, 5):
            await orchestrator.sweep()
            met = await fresh(order)
            assert met.status == "placed"
            assert met.attention == "unexpected: Surprise: no such luck"
            assert met.needs_attention
            assert met.failures == failures
            assert met.next_attempt_at is not None
            wait = (met.next_attempt_at - stopped_clock.now).total_seconds()
            assert 1 <= wait <= leases.SET_ASIDE
            stopped_clock.now = met.next_attempt_at
    failed = [log for log in logs if log["event"] == "saga failed"]
    assert [log["failures"] for log in failed] == [1, 2, 3, 4]
    assert [bool(log["exc_info"]) for log in failed] == [True, False, False, False]


async def test_it_still_ends_by_its_deadline(
    placed: Placed,
    row: Read,
    broken: Callable[..., set[Any]],
    stopped_clock: Clock,
) -> None:
    order = await sync_to_async(placed)()
    broken(placing, "charge_card").add(order.id)
    await orchestrator.run(order.id)
    stopped_clock.now = order.deadline
    end = await run_until_ended(order, row, stopped_clock)
    assert (end["status"], end["flagged"]) == ("expired", True)


async def test_a_bug_in_undoing_or_past_the_deadline_does_not_spin(
    placed: Placed, broken: Callable[..., set[Any]], stopped_clock: Clock
) -> None:
    overdue = await sync_to_async(placed)()
    broken(transitions, "expire").add(overdue.id)
    stopped_clock.now = overdue.deadline
    compensating = await sync_to_async(placed)()
    await sync_to_async(states.cancel)(compensating.id)
    broken(placing, "refund_card").add(compensating.id)
    await orchestrator.sweep()
    for order in (overdue, compensating):
        met = await fresh(order)
        assert met.attention.startswith("unexpected: Surprise")
        assert met.next_attempt_at is not None
        assert met.next_attempt_at > stopped_clock.now


async def test_orders_that_always_fail_starve_nobody(
    placed: Placed,
    row: Read,
    broken: Callable[..., set[Any]],
    stopped_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orchestrator.sweeper, "at_a_time", 3)
    failing = broken(leases, "claimed")
    for _ in range(3):
        failing.add((await sync_to_async(placed)()).id)
    behind = await sync_to_async(placed)()
    for _ in range(2):
        await orchestrator.sweep()
    assert (await sync_to_async(row)(behind))["status"] == "confirmed"


async def test_a_row_that_cannot_be_read_is_set_aside_too(
    placed: Placed, stopped_clock: Clock
) -> None:
    order = await sync_to_async(placed)()
    await sync_to_async(Order.objects.update)(flags=7)
    await orchestrator.sweep()
    met = await fresh(order)
    assert met.attention.startswith("unexpected: TypeError: 'int' object is not iter")
    assert met.next_attempt_at is not None
    assert met.next_attempt_at > stopped_clock.now


async def test_what_is_told_of_it_is_short_and_can_be_stored(
    placed: Placed, broken: Callable[..., set[Any]]
) -> None:
    order = await sync_to_async(placed)()
    broken(placing, "charge_card", "\0\ud800" + "x" * 10**6).add(order.id)
    with capture_logs() as logs:
        await orchestrator.run(order.id)
    attention = (await fresh(order)).attention
    assert len(attention) == 200
    assert attention.startswith("unexpected: Surprise: ?xxx")
    assert all(len(log.get("error", "")) <= 300 for log in logs)


async def test_a_total_that_no_card_can_be_charged_is_a_refusal(
    placed: Placed, row: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pricing, "HIGHEST_TOTAL", 2499)
    order = await sync_to_async(placed)()
    await orchestrator.run(order.id)
    end = await sync_to_async(row)(order)
    assert (end["status"], end["reason"]) == ("rejected", "not-one-price")


@pytest.mark.parametrize("step", [AllocateInventory, FinaliseInventory, RefundCharge])
async def test_a_service_that_does_not_know_the_request_yet_is_as_if_absent(
    placed: Placed,
    row: Read,
    handle: Callable[..., None],  # noqa: F811
    stopped_clock: Clock,
    step: type,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from inventory import handlers as inventory_handlers
    from payments import handlers as payments_handlers

    for service in (inventory_handlers.service, payments_handlers.service):
        if step in service.handlers:
            real = service.handlers[step]
            monkeypatch.delitem(service.handlers, step)
            break
    order = await sync_to_async(placed)(MUG=11 if step is RefundCharge else 1)
    for _ in range(3):
        await orchestrator.run(order.id)
        now = await sync_to_async(row)(order)
        assert now["status"] in {"placed", "compensating"}
        assert not now["flagged"]
        stopped_clock.advance(BACKOFF_CAP)
    monkeypatch.setitem(service.handlers, step, real)
    end = await run_until_ended(order, row, stopped_clock)
    assert end["status"] == ("rejected" if step is RefundCharge else "confirmed")
    assert not end["flagged"]
