"""The history of a saga, for people to read."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db.models import Count

from common.saga.models import Attempt, Transition

ENDS = 10
"""Of the attempts at a step, so many are shown from the start and from the end."""


def entries(row: Any) -> list[dict[str, Any]]:
    """Return a saga's timeline: its status transitions, and what was tried.

    A saga that waits for a service tries the same step for days. What is between the
    first and the last ten attempts at a step is one entry that says how many these are;
    its `at` is that of the entry before it.
    """
    service = row._meta.app_label
    transitions = (_transition(one, service) for one in row.transitions.order_by("id"))
    return sorted(chain(_steps(row), transitions), key=lambda entry: entry["at"])


def _steps(row: Any) -> Iterator[dict[str, Any]]:
    """Read at most 20 rows of each name; most sagas need one statement."""
    by_id = row.steps.order_by("id")
    few = list(by_id[: 2 * ENDS + 1])
    if len(few) <= 2 * ENDS:
        yield from map(_step, few)
        return
    counted = row.steps.order_by().values("name").annotate(count=Count("id"))
    counts: dict[str, int] = dict(counted.values_list("name", "count"))
    short = [name for name, count in counts.items() if count <= 2 * ENDS]
    yield from map(_step, by_id.filter(name__in=short))
    for name in counts.keys() - short:
        named = row.steps.filter(name=name)
        first, last = named.order_by("id")[:ENDS], named.order_by("-id")[:ENDS]
        yield from map(_step, first)
        yield _left_out(first[ENDS - 1], counts[name] - 2 * ENDS)
        yield from reversed([*map(_step, last)])


def _step(step: Attempt) -> dict[str, Any]:
    return {
        "at": step.at,
        "step": step.name,
        "service": step.service,
        "outcome": step.outcome,
        "queue_ms": step.queue_ms,
        "handler_ms": step.handler_ms,
        "left_out": 0,
    }


def _left_out(before: Attempt, count: int) -> dict[str, Any]:
    return {
        **_step(before),
        "outcome": f"… {count} more, not shown",
        "queue_ms": None,
        "handler_ms": None,
        "left_out": count,
    }


def _transition(one: Transition, service: str) -> dict[str, Any]:
    return {
        "at": one.at,
        "step": f"{one.start or 'new'} → {one.end}",
        "service": service,
        "outcome": one.note or "ok",
        "queue_ms": None,
        "handler_ms": None,
        "left_out": 0,
    }
