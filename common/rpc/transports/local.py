"""`local:`, the monolith: a function call behind the same contract."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from common.context import Headers, headers
from common.rpc.contract import R, Reply, Request, plain
from common.rpc.errors import NoReply, ServiceError
from common.rpc.service import Service
from common.rpc.transports import TimedReply

log = structlog.get_logger(__name__)


class Local:
    """The monolith: the service is a library of this process, behind its contracts."""

    def __init__(self, find_service: Callable[[str], Service]) -> None:
        self._find_service = find_service
        self._background: set[asyncio.Task[Any]] = set()

    async def call(
        self, request: Request[R], headers: Headers, *, timeout: float
    ) -> TimedReply[R]:
        """Call the handler; raise NoReply if it takes longer than `timeout`."""
        plain(request)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(timeout):
                reply = await self._perform(request, headers)
        except TimeoutError:
            name = type(request).__name__
            raise NoReply(f"no reply from {name} within {timeout:.3g} s") from None
        except ServiceError as error:
            error.queue_seconds = 0.0
            error.handler_seconds = time.perf_counter() - started
            raise
        return TimedReply(
            reply=reply,
            queue_seconds=0.0,
            handler_seconds=time.perf_counter() - started,
        )

    async def notify(self, request: Request[Any], headers: Headers) -> None:
        """Start the handler and do not wait for it."""
        plain(request)
        task = asyncio.create_task(self._perform(request, headers))
        self._background.add(task)
        task.add_done_callback(self._finished)

    async def close(self) -> None:
        """Wait for what `notify` has started."""
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _perform(self, request: Request[R], carried: Headers) -> R:
        with headers(carried):
            return await self._find_service(request.service).perform(request)

    def _finished(self, task: asyncio.Task[Reply]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("notification failed", error=repr(error)[:200])
