"""Writing a saga's history: its status transitions, and the attempts at its steps."""

import time
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from common import clock
from common.database import retried_transaction
from common.saga.models import Saga

ENDS = 10
"""Of the attempts at a step, so many are kept from the start and from the end."""


def record(saga: type[Saga], key: UUID, start: str, end: str, note: str = "") -> None:
    """Write a transition to a saga's history."""
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
    trim: bool = False,
) -> None:
    """Add an attempt at a step to a saga's history; None where nothing was measured.

    With `trim` the step keeps its first and last ten attempts: one that waits for a
    service is tried some 20,000 times a day.
    """
    related: Any = saga._meta.get_field("steps")  # type: ignore[misc]
    attempts = related.related_model._default_manager.filter(
        **{related.field.attname: key}
    )
    attempts.create(
        **{related.field.attname: key},
        name=name,
        service=service,
        outcome=outcome[:200],
        queue_ms=_ms(queue_seconds),
        handler_ms=_ms(handler_seconds),
        at=clock.now(),
    )
    if trim:
        drop_the_middle(attempts.filter(name=name))


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


def write_local(saga: type[Saga], key: UUID, name: str, started: float) -> None:
    """Add a step that the application did itself since `time.perf_counter()` was so."""
    took = time.perf_counter() - started
    write(saga, key, name, saga._meta.app_label, "ok", handler_seconds=took)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
