"""An order's history stays small however long a service has been away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from common import clock
from common.contracts.payments import RefundCharge
from common.rpc.errors import Busy, NoReply
from common.saga import history
from common.saga.orchestrator import BACKOFF_CAP
from orders import states
from orders.access import guest_token
from orders.models import Order, Status, StatusTransition, Step
from orders.orchestrator import orchestrator
from payments import handlers
from tests.conftest import Clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(order_id: Any) -> Order:
    """Place a guest's order, without any history."""
    return Order.objects.create(
        id=order_id,
        key_scope="guests",
        key="k",
        status=Status.COMPENSATING,
        outcome=Status.EXPIRED,
        card_token="t",
        placed_at=clock.now(),
        deadline=clock.now(),
    )


def tried(order: Order, name: str, count: int) -> None:
    """Try a step so often."""
    for n in range(count):
        order.failures = n
        with history.gathered(order) as attempts:
            history.write(
                Order, order.id, history.attempt(name, "payments", f"refused: {n}")
            )
        history.write_rest(attempts)


def read(api: APIClient, order: Order) -> list[dict[str, Any]]:
    headers = {"Order-Token": guest_token(order.id)}
    answer = api.get(f"/api/orders/{order.id}", headers=headers)
    assert answer.status_code == 200
    timeline: list[dict[str, Any]] = answer.json()["timeline"]
    return timeline


def outcomes(timeline: list[dict[str, Any]]) -> list[str]:
    return [e["outcome"].removeprefix("refused: ") for e in timeline]


def test_of_many_attempts_the_first_and_the_last_are_kept(
    api: APIClient, order: Order
) -> None:
    tried(order, "refund card", 130)
    assert Step.objects.count() == 20
    timeline = read(api, order)
    shown = outcomes(timeline)
    assert shown[:10] == [str(n) for n in range(10)]
    assert shown[11:] == [str(n) for n in range(120, 130)]
    gap = timeline[10]
    assert (gap["step"], gap["left_out"]) == ("refund card", 110)
    assert "110" in gap["outcome"]
    assert sum(entry["left_out"] for entry in timeline) == 110


def test_each_name_has_its_own_ends_and_all_transitions_are_there(
    api: APIClient, order: Order
) -> None:
    tried(order, "allocate inventory", 1)
    tried(order, "refund card", 25)
    tried(order, "release inventory", 20)
    for n in range(30):
        StatusTransition.objects.create(
            order=order, start="a", end=str(n), at=clock.after(10_000 + n)
        )
    timeline = read(api, order)
    counts: dict[str, int] = {}
    for entry in timeline:
        counts[entry["step"].split()[0]] = counts.get(entry["step"].split()[0], 0) + 1
    assert counts == {"allocate": 1, "refund": 21, "release": 20, "a": 30}
    assert [entry["left_out"] for entry in timeline if entry["left_out"]] == [5]
    assert [e["at"] for e in timeline] == sorted(e["at"] for e in timeline)


@pytest.mark.parametrize("count", [0, 1, 19, 20])
def test_few_steps_are_shown_whole(api: APIClient, order: Order, count: int) -> None:
    tried(order, "refund card", count)
    timeline = read(api, order)
    assert outcomes(timeline) == [str(n) for n in range(count)]
    assert not any(entry["left_out"] for entry in timeline)


def test_two_workers_that_drop_at_once_drop_nothing_twice(order: Order) -> None:
    tried(order, "refund card", 20)
    history.write(
        Order, order.id, history.attempt("refund card", "payments", "refused: 20")
    )
    history.write(
        Order, order.id, history.attempt("refund card", "payments", "refused: 21")
    )
    steps = Step.objects.filter(name="refund card")
    history.drop_the_middle(steps)
    history.drop_the_middle(steps)
    assert sum(step.left_out for step in steps) == 2
    assert steps.count() == 20


async def test_a_service_that_is_away_for_hours_costs_no_rows(
    placed: Callable[..., Order],
    stopped_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    api: APIClient,
) -> None:
    order = await sync_to_async(placed)()
    await orchestrator.run(order.id)
    assert await sync_to_async(states.cancel)(order.id)

    def away(request: RefundCharge) -> None:
        raise NoReply("Error 111 connecting to bus")

    monkeypatch.setitem(handlers.service.handlers, RefundCharge, away)
    before = await Step.objects.acount()
    for _ in range(60):
        await orchestrator.run(order.id)
        stopped_clock.advance(BACKOFF_CAP)
    assert await Step.objects.acount() <= before + 20
    timeline = await sync_to_async(read)(api, order)
    assert sum(entry["left_out"] for entry in timeline) == 40
    ends = [f"{t.start} → {t.end}" async for t in order.transitions.order_by("id")]
    assert [e["step"] for e in timeline if "→" in e["step"]] == [
        "new → placed",
        *ends[1:],
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoReply("no reply from payments.ChargeCard within 3 s"), "no answer"),
        (Busy("Error 111 connecting to bus:6379"), "not reached"),
        (KeyError("secret"), "failed"),
    ],
)
def test_customers_get_their_own_words_and_operators_the_error(
    api: APIClient,
    order: Order,
    error: Exception,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raw = f"{type(error).__name__}: {error}"
    history.write(Order, order.id, history.attempt("charge card", "payments", raw))
    assert outcomes(read(api, order)) == [words]
    call_command("inspect", str(order.id))
    assert raw in capsys.readouterr().out


def test_a_usual_order_takes_one_statement_for_its_steps(
    api: APIClient, order: Order
) -> None:
    tried(order, "refund card", 6)
    with CaptureQueriesContext(connection) as asked:
        read(api, order)
    assert sum("orders_step" in query["sql"] for query in asked.captured_queries) == 1


def test_history_is_shown_in_its_order(api: APIClient, order: Order) -> None:
    tried(order, "refund card", 3)
    Step.objects.filter(outcome="refused: 0").update(at=clock.now() - timedelta(1))
    assert outcomes(read(api, order)) == ["0", "1", "2"]
