"""Writing a saga's history: its status transitions, and the attempts at its steps.

Attempts are for people. Those of one pass over the steps are gathered, and written with
the transition that they lead to, or when the pass is over; so they cost one statement.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet, Sum

from common import clock, sql
from common.database import retried_transaction
from common.saga.models import Saga

ENDS = 10
"""Of the attempts at a step, so many are kept from the start and from the end."""

Attempt = dict[str, Any]
"""The columns of an attempt's row."""


@dataclass
class Pass:
    """The attempts of one pass over a saga's steps that are not in the database yet."""

    saga: type[Saga]
    key: UUID
    trim: bool
    """Whether there may be more of a step than are kept."""
    attempts: list[Attempt] = field(default_factory=list)
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
    _insert(one.saga, {one.key: attempts})
    model, of_saga = _related(one.saga, "steps")
    rows = model._default_manager.filter(**{of_saga: one.key})
    for name in dict.fromkeys(attempt["name"] for attempt in attempts if one.trim):
        drop_the_middle(rows.filter(name=name))


def so_far(row: Saga) -> Pass | None:
    """Return what was gathered of a saga, for the transition that comes next."""
    return _pass_of(type(row), row.pk)


def record(
    saga: type[Saga],
    passes: Mapping[UUID, Pass | None],
    start: str,
    end: str,
    note: str = "",
    *,
    step: Attempt | None = None,
) -> None:
    """Write a transition to the history of sagas, and the attempts that led to it.

    `step` is what the application did itself, in this transaction. A key without a pass
    stands for the one that gathers here, if there is one.
    """
    known = {key: one or _pass_of(saga, key) for key, one in passes.items()}
    for one in known.values():
        if one and one.attempts:
            one.written = len(one.attempts)
            transaction.on_commit(partial(_committed, one))
    own = [step] if step else []
    attempts = {key: (one.attempts if one else []) + own for key, one in known.items()}
    _insert(saga, attempts)
    at = clock.now()
    model, of_saga = _related(saga, "transitions")
    sql.insert(
        [
            model(**{of_saga: key}, start=start, end=end, note=note, at=at)
            for key in passes
        ]
    )


def write(saga: type[Saga], key: UUID, attempt: Attempt) -> None:
    """Add an attempt at a step to a saga's history, or to its pass."""
    if one := _pass_of(saga, key):
        one.attempts.append(attempt)
    else:
        _insert(saga, {key: [attempt]})


def attempt(
    name: str,
    service: str,
    outcome: str,
    *,
    queue_seconds: float | None = None,
    handler_seconds: float | None = None,
) -> Attempt:
    """Return an attempt at a step; None stands for a time that was not measured."""
    return {
        "name": name,
        "service": service,
        "outcome": outcome[:200],
        "queue_ms": _ms(queue_seconds),
        "handler_ms": _ms(handler_seconds),
        "at": clock.now(),
    }


def own_step(saga: type[Saga], name: str, started: float) -> Attempt:
    """Return a step that the application did since `time.perf_counter()` was so."""
    took = time.perf_counter() - started
    return attempt(name, saga._meta.app_label, "ok", handler_seconds=took)


def _pass_of(saga: type[Saga], key: UUID) -> Pass | None:
    one = _pass.get()
    return one if one and (one.saga, one.key) == (saga, key) else None


def _committed(one: Pass) -> None:
    del one.attempts[: one.written]
    one.written = 0


def _related(saga: type[Saga], name: str) -> tuple[Any, str]:
    """Return the model of a part of the history, and its column for the saga's key."""
    related: Any = saga._meta.get_field(name)
    return related.related_model, related.field.attname


def _insert(saga: type[Saga], attempts: Mapping[UUID, list[Attempt]]) -> None:
    model, of_saga = _related(saga, "steps")
    sql.insert(
        [model(**{of_saga: key}, **one) for key, all in attempts.items() for one in all]
    )


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
