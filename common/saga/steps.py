"""Asking a service for one step of a saga, and writing down how it went."""

import time

from common import clock
from common.rpc.contract import R, Request
from common.rpc.errors import Refused, ServiceError
from common.rpc.process_client import call_timed
from common.saga import history
from common.saga.models import Saga


async def perform(row: Saga, step: str, request: Request[R]) -> R:
    """Have a service do a step of a saga, within the saga's deadline.

    Raises what the call raises; every answer becomes a row of the saga's history.
    """
    left = (row.deadline - clock.now()).total_seconds()
    return await _call(
        row, step, request, timeout=max(0.01, min(request.timeout, left))
    )


async def compensate(row: Saga, step: str, request: Request[R]) -> R:
    """Have a service compensate a step, whatever the saga's deadline is."""
    return await _call(row, step, request, timeout=request.timeout)


def note(row: Saga, step: str, started: float) -> None:
    """Write down a step that the application did since `perf_counter()` was so."""
    history.write(type(row), row.pk, history.own_step(type(row), step, started))


async def _call(row: Saga, step: str, request: Request[R], *, timeout: float) -> R:
    started = time.perf_counter()
    try:
        answer = await call_timed(request, timeout=timeout, attempt=row.failures + 1)
    except ServiceError as error:
        outcome = "refused" if isinstance(error, Refused) else type(error).__name__
        took = error.handler_seconds
        attempt = history.attempt(
            step,
            request.service,
            f"{outcome}: {error}",
            queue_seconds=error.queue_seconds,
            handler_seconds=time.perf_counter() - started if took is None else took,
        )
        history.write(type(row), row.pk, attempt)
        raise
    attempt = history.attempt(
        step,
        request.service,
        "ok",
        queue_seconds=answer.queue_seconds,
        handler_seconds=answer.handler_seconds,
    )
    history.write(type(row), row.pk, attempt)
    return answer.reply
