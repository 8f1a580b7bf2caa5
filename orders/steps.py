"""Asking a service for one step of an order, and writing down how it went."""

import time

from common import clock
from common.database import in_db_thread
from common.rpc.contract import R, Request
from common.rpc.errors import Refused, ServiceError
from common.rpc.process_client import call_timed
from orders.history import write_step
from orders.models import Order


async def perform(order: Order, step: str, request: Request[R]) -> R:
    """Have a service do a step of an order, within the order's deadline.

    Raises what the call raises; every answer becomes a row of the order's history.
    """
    left = (order.deadline - clock.now()).total_seconds()
    return await _call(
        order, step, request, timeout=max(0.01, min(request.timeout, left))
    )


async def compensate(order: Order, step: str, request: Request[R]) -> R:
    """Have a service compensate a step, whatever the order's deadline is."""
    return await _call(order, step, request, timeout=request.timeout)


async def _call(order: Order, step: str, request: Request[R], *, timeout: float) -> R:
    started = time.perf_counter()
    try:
        answer = await call_timed(request, timeout=timeout, attempt=order.failures + 1)
    except ServiceError as error:
        outcome = "refused" if isinstance(error, Refused) else type(error).__name__
        await in_db_thread(
            write_step,
            order.id,
            step,
            request.service,
            f"{outcome}: {error}",
            queue_seconds=error.queue_seconds,
            handler_seconds=error.handler_seconds
            if error.handler_seconds is not None
            else time.perf_counter() - started,
        )
        raise
    await in_db_thread(
        write_step,
        order.id,
        step,
        request.service,
        "ok",
        queue_seconds=answer.queue_seconds,
        handler_seconds=answer.handler_seconds,
    )
    return answer.reply
