"""Asking a service for one step of an order, and writing down how it went."""

import time

from common import clock
from common.database import in_db
from common.rpc.calls import ask
from common.rpc.contract import R, Request
from common.rpc.errors import Refused, ServiceError
from orders.history import write_step
from orders.models import Order


async def do(order: Order, step: str, request: Request[R]) -> R:
    """Have a service do a step of an order, within the order's deadline.

    Raises what the call raises; every answer becomes a row of the order's history.
    """
    left = (order.deadline - clock.now()).total_seconds()
    return await _ask(
        order, step, request, within=max(0.01, min(request.timeout, left))
    )


async def undo(order: Order, step: str, request: Request[R]) -> R:
    """Have a service undo a step; undoing knows no deadline but the attempt's own."""
    return await _ask(order, step, request, within=request.timeout)


async def _ask(order: Order, step: str, request: Request[R], *, within: float) -> R:
    started = time.perf_counter()
    try:
        answer = await ask(request, within=within, attempt=order.failures + 1)
    except ServiceError as error:
        outcome = "refused" if isinstance(error, Refused) else type(error).__name__
        await in_db(
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
    await in_db(
        write_step,
        order.id,
        step,
        request.service,
        "ok",
        queue_seconds=answer.queue_seconds,
        handler_seconds=answer.handler_seconds,
    )
    return answer.reply
