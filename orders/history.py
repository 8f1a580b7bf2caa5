"""The steps of an order that were tried, for people to read."""

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Count

from common import clock
from orders.models import Order, StatusTransition, Step

ENDS = 10
"""Of the steps of one name, so many are shown from the start and from the end."""


def write_step(
    order_id: UUID,
    name: str,
    service: str,
    outcome: str,
    *,
    queue_seconds: float | None = None,
    handler_seconds: float | None = None,
) -> None:
    """Add a step to an order's history; None where nothing was measured."""
    Step.objects.create(
        order_id=order_id,
        name=name,
        service=service,
        outcome=outcome[:200],
        queue_ms=_ms(queue_seconds),
        handler_ms=_ms(handler_seconds),
        at=clock.now(),
    )


def write_local_step(order_id: UUID, name: str, started: float) -> None:
    """Add a step that orders did itself, begun at `time.perf_counter()` = started."""
    took = time.perf_counter() - started
    write_step(order_id, name, "orders", "ok", handler_seconds=took)


def entries(order: Order) -> list[dict[str, Any]]:
    """Return an order's timeline: every status transition, and what was tried.

    An order that waits for a service tries the same step for days. What is between
    the first and the last ten of a name is one entry that tells how many these are;
    its `at` is that of the entry before it.
    """
    timeline = list(
        chain(_steps(order), map(_transition, order.transitions.order_by("id")))
    )
    return sorted(timeline, key=lambda entry: entry["at"])


def _steps(order: Order) -> Iterator[dict[str, Any]]:
    """Read at most 20 rows of each name; most orders need one statement."""
    by_id = order.steps.order_by("id")
    few = list(by_id[: 2 * ENDS + 1])
    if len(few) <= 2 * ENDS:
        yield from map(_step, few)
        return
    counted = order.steps.order_by().values("name").annotate(count=Count("id"))
    counts: dict[str, int] = dict(counted.values_list("name", "count"))
    short = [name for name, count in counts.items() if count <= 2 * ENDS]
    yield from map(_step, by_id.filter(name__in=short))
    for name in counts.keys() - short:
        named = order.steps.filter(name=name)
        first, last = named.order_by("id")[:ENDS], named.order_by("-id")[:ENDS]
        yield from map(_step, first)
        yield _left_out(first[ENDS - 1], counts[name] - 2 * ENDS)
        yield from reversed([*map(_step, last)])


def _step(step: Step) -> dict[str, Any]:
    return {
        "at": step.at,
        "step": step.name,
        "service": step.service,
        "outcome": step.outcome,
        "queue_ms": step.queue_ms,
        "handler_ms": step.handler_ms,
        "left_out": 0,
    }


def _left_out(before: Step, count: int) -> dict[str, Any]:
    return {
        **_step(before),
        "outcome": f"… {count} more, not shown",
        "queue_ms": None,
        "handler_ms": None,
        "left_out": count,
    }


def _transition(one: StatusTransition) -> dict[str, Any]:
    return {
        "at": one.at,
        "step": f"{one.start or 'new'} → {one.end}",
        "service": "orders",
        "outcome": one.note or "ok",
        "queue_ms": None,
        "handler_ms": None,
        "left_out": 0,
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
