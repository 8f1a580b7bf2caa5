"""The attempts of one pass are written together, with what they led to."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import IntegrityError

from common.saga import history, transitions
from orders import states
from orders.models import Order, Step
from orders.orchestrator import orchestrator

pytestmark = pytest.mark.django_db(transaction=True)
Place = Callable[..., Order]
WAY = [
    "make order row",
    "allocate inventory",
    "calculate price",
    "charge card",
    "finalise inventory",
    "finalise order",
]


def names(order: Order) -> list[str]:
    steps = Step.objects.filter(order=order).order_by("id")
    return [step.name for step in steps]


def test_they_are_in_their_order(placed: Place) -> None:
    order = placed()
    asyncio.run(orchestrator.run(order.id))
    assert names(order) == WAY


def test_a_transition_that_is_tried_again_writes_them_once(
    placed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = placed()
    change, calls = transitions.change, []

    def fails_first(*args: Any, **changes: Any) -> set[UUID]:
        done = change(*args, **changes)
        calls.append(done)
        if len(calls) == 1:
            raise IntegrityError("another was first")
        return done

    monkeypatch.setattr(transitions, "change", fails_first)
    asyncio.run(orchestrator.run(order.id))
    assert len(calls) == 2
    assert names(order) == WAY


def test_they_are_written_if_they_lead_to_nothing(
    placed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = placed()

    def bug(orders: object) -> list[bool]:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(states, "confirm", bug)
    asyncio.run(orchestrator.run(order.id))
    assert names(order) == WAY[:-1]


async def test_what_another_writes_meanwhile_is_its_own(placed: Place) -> None:
    one, other = [await sync_to_async(placed)() for _ in range(2)]
    with history.gathered(one) as attempts:
        charged = history.attempt("charge card", "payments", "ok")
        history.write(Order, one.id, charged)
        assert len(attempts.attempts) == 1
        await sync_to_async(states.cancel)(other.id)
    assert len(attempts.attempts) == 1
    assert await sync_to_async(names)(one) == ["make order row"]
