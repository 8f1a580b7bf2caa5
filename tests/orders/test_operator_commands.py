"""`./manage.py orders inspect | retry`, for the person on call."""

import asyncio
import time
import uuid
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from common import clock
from common.saga import leases
from orders.models import Order
from orders.orchestrator import orchestrator
from tests.conftest import Clock

pytestmark = pytest.mark.django_db(transaction=True)
Place = Callable[..., Order]


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_inspect_shows_what_each_service_knows(placed: Place) -> None:
    order = placed(MUG=2)
    asyncio.run(orchestrator.run(order.id))
    shown = run("inspect", str(order.id))
    assert f"{order.id} confirmed" in shown
    assert "2 × MUG" in shown
    assert "finalised, 2 pieces taken or held" in shown
    assert "charged, 2500 EUR kept" in shown
    assert "payments: charge card: ok" in shown


def test_inspect_shows_an_order_that_nobody_has_begun(placed: Place) -> None:
    shown = run("inspect", str(placed().id))
    assert "inventory      knows nothing of it" in shown
    assert "payments       knows nothing of it" in shown
    assert "0 attempts, 0 failures in a row" in shown


def test_inspect_without_ids_lists_what_needs_a_person(
    placed: Place, stopped_clock: Clock
) -> None:
    fine, overdue, flagged = placed(), placed(), placed()
    Order.objects.filter(id=fine.id).update(deadline=clock.after(3600))
    leases.flag(Order, flagged.id, "refund 1 failed late")
    stopped_clock.advance(120)
    listed = run("inspect")
    assert str(fine.id) not in listed
    assert f"{overdue.id} placed    overdue since 2026-01-01" in listed
    assert f"{flagged.id} placed    refund 1 failed late" in listed
    assert "2 orders need attention" in listed


def test_seen_takes_the_flag_off(placed: Place) -> None:
    order = placed()
    leases.flag(Order, order.id, "compensating fails: NoReply")
    assert "ATTENTION      compensating fails" in run(
        "inspect", str(order.id), "--acknowledge"
    )
    assert "ATTENTION" not in run("inspect", str(order.id))


def test_retry_makes_an_order_due_that_waits(placed: Place) -> None:
    order = placed()
    waiting = Order.objects.filter(id=order.id)
    waiting.update(next_attempt_at=clock.after(15), failures=30)
    asyncio.run(orchestrator.sweep())
    assert waiting.get().status == "placed"
    assert f"{order.id}: due now" in run("retry", str(order.id))
    give_up = time.monotonic() + 10
    while waiting.get().status != "confirmed":
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_retry_all_takes_only_what_is_under_way(placed: Place) -> None:
    done, waiting = placed(), placed()
    asyncio.run(orchestrator.run(done.id))
    said = run("retry", "--all")
    assert str(waiting.id) in said
    assert str(done.id) not in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("retry",), "expected ids of orders, or --all"),
        (("retry", str(uuid.UUID(int=1))), "not under way: 00000000-"),
        (("retry", "7"), "argument order: invalid UUID value: '7'"),
        (("inspect", str(uuid.UUID(int=1))), "no such order: 00000000-"),
        (("inspect", "--acknowledge"), "--acknowledge: expected ids of orders"),
    ],
)
def test_a_bad_command_says_what_is_wrong(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*words)


def test_retry_of_an_ended_order_is_refused(placed: Place) -> None:
    order = placed()
    asyncio.run(orchestrator.run(order.id))
    with pytest.raises(CommandError, match="not under way"):
        run("retry", str(order.id))
