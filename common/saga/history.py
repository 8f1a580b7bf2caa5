"""Writing a saga's history: its status transitions, and the attempts at its steps."""

import time
from typing import Any
from uuid import UUID

from common import clock
from common.saga.models import Saga


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
) -> None:
    """Add an attempt at a step to a saga's history; None where nothing was measured."""
    related: Any = saga._meta.get_field("steps")  # type: ignore[misc]
    related.related_model._default_manager.create(
        **{related.field.attname: key},
        name=name,
        service=service,
        outcome=outcome[:200],
        queue_ms=_ms(queue_seconds),
        handler_ms=_ms(handler_seconds),
        at=clock.now(),
    )


def write_local(saga: type[Saga], key: UUID, name: str, started: float) -> None:
    """Add a step that the application did itself since `time.perf_counter()` was so."""
    took = time.perf_counter() - started
    write(saga, key, name, saga._meta.app_label, "ok", handler_seconds=took)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
