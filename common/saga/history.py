"""Writing a saga's history: its status transitions, and the attempts at its steps.

Attempts are for people. Those of one pass over the steps are gathered, and written with
the transition that they lead to, or when the pass is over; so they cost one statement.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet, Sum

from common import clock
from common.database import retried_transaction
from common.saga.models import Saga

ENDS = 10
"""Of the attempts at a step, so many are kept from the start and from the end."""


@dataclass
class Pass:
    """The attempts of one pass over a saga's steps that are not in the database yet."""

    saga: type[Saga]
    key: UUID
    trim: bool
    """Whether there may be more of a step than are kept."""
    attempts: list[dict[str, Any]] = field(default_factory=list)
    written: int = 0
    """How many of them the transaction has written that is open now."""


_pass: ContextVar[Pass | None] = ContextVar("pass", default=None)


@contextmanager
def gathered(row: Saga) -> Iterator[Pass]:
    """Gather attempts from here on; what no transition writes is for `write_rest`."""
    one = Pass(type(row), row.pk, trim=row.failures >= ENDS)
    token = _pass.set(one)
    try:
        yield one
    finally:
        _pass.reset(token)


def write_rest(one: Pass) -> None:
    """Write the attempts of a pass that led to no transition.

    Of a step the first and the last ten are kept: one that waits for a service is tried
    some 20,000 times a day.
    """
    attempts, one.attempts, one.written = one.attempts, [], 0
    rows = _write(one.saga, one.key, attempts)
    for name in dict.fromkeys(attempt["name"] for attempt in attempts if one.trim):
        drop_the_middle(rows.filter(name=name))


def record(saga: type[Saga], key: UUID, start: str, end: str, note: str = "") -> None:
    """Write a transition to a saga's history, and the attempts that led to it."""
    one = _pass_of(saga, key)
    if one and one.attempts:
        one.written = len(one.attempts)
        _write(saga, key, one.attempts)
        transaction.on_commit(lambda: _committed(one))
    related: Any = saga._meta.get_field("transitions")  # type: ignore[misc]
    related.related_model._default_manager.create(
        **{related.field.attname: key}, start=start, end=end, note=note, at=clock.now()
    )


def write(
    saga: type[Saga],
    key: UUID,
    name: str,
    service: str,
    outcome: str,
    *,
    queue_seconds: float | None = None,
    handler_seconds: float | None = None,
) -> None:
    """Add an attempt at a step to a saga's history; None where nothing was measured."""
    times = _ms(queue_seconds), _ms(handler_seconds)
    attempt = _attempt(name, service, outcome, *times)
    if one := _pass_of(saga, key):
        one.attempts.append(attempt)
    else:
        _write(saga, key, [attempt])


def write_local(saga: type[Saga], key: UUID, name: str, started: float) -> None:
    """Add a step that the application did itself since `time.perf_counter()` was so.

    Called in the step's transaction. It comes after the attempts before it, so it waits
    with them if they wait.
    """
    took = time.perf_counter() - started
    attempt = _attempt(name, saga._meta.app_label, "ok", None, _ms(took))
    one = _pass_of(saga, key)
    if one and one.written < len(one.attempts):
        transaction.on_commit(lambda: one.attempts.append(attempt))
    else:
        _write(saga, key, [attempt])


def _pass_of(saga: type[Saga], key: UUID) -> Pass | None:
    one = _pass.get()
    return one if one and (one.saga, one.key) == (saga, key) else None


def _attempt(
    name: str, service: str, outcome: str, queue_ms: float | None, ms: float | None
) -> dict[str, Any]:
    return {
        "name": name,
        "service": service,
        "outcome": outcome[:200],
        "queue_ms": queue_ms,
        "handler_ms": ms,
        "at": clock.now(),
    }


def _committed(one: Pass) -> None:
    del one.attempts[: one.written]
    one.written = 0


def _write(
    saga: type[Saga], key: UUID, attempts: list[dict[str, Any]]
) -> QuerySet[Any]:
    related: Any = saga._meta.get_field("steps")  # type: ignore[misc]
    model, of_saga = related.related_model, {related.field.attname: key}
    rows: QuerySet[Any] = model._default_manager.filter(**of_saga)
    rows.bulk_create(model(**of_saga, **attempt) for attempt in attempts)
    return rows


@retried_transaction
def drop_the_middle(attempts: QuerySet[Any]) -> None:
    """Keep the first and the last ten; the first of the last says how many are gone."""
    first = list(attempts.order_by("id").values_list("id", flat=True)[:ENDS])
    last = list(attempts.order_by("-id").values_list("id", "left_out")[:ENDS])
    if len(first) < ENDS or first[-1] >= last[-1][0]:
        return
    oldest_of_last, left_out = last[-1]
    middle = attempts.filter(id__gt=first[-1], id__lt=oldest_of_last)
    gone = middle.aggregate(rows=Count("id"), before=Sum("left_out", default=0))
    if gone["rows"]:
        attempts.filter(id=oldest_of_last).update(
            left_out=left_out + gone["rows"] + gone["before"]
        )
        middle.delete()


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
