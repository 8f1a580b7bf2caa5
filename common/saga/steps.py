"""Asking a service for one step of a saga, and writing down how it went."""

import time
from collections.abc import Awaitable
from typing import TypeVar

from common import clock
from common.rpc.contract import R, Request
from common.rpc.errors import Refused, ServiceError
from common.rpc.process_client import call_timed
from common.saga import history
from common.saga.models import Saga

T = TypeVar("T")


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


async def of_our_own(row: Saga, step: str, work: Awaitable[T]) -> T:
    """Do a step that the application does itself; it becomes a row of the history."""
    started = time.perf_counter()
    result = await work
    history.write(type(row), row.pk, history.own_step(type(row), step, started))
    return result


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
