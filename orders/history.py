"""The steps of an order that were tried, for people to read."""

import time
from uuid import UUID

from common import clock
from orders.models import Step


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


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
