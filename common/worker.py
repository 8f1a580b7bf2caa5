"""The worker: takes requests from a service's channel and always answers them.

Unlike the stock `runworker` it takes a message only when it has a free slot, so that
a full channel really pushes back; it runs requests side by side, survives whatever a
handler or a message does, and drains on SIGTERM.
"""

import asyncio
import os
import time
from collections import Counter
from typing import Any

import structlog
from channels.exceptions import ChannelFull

from common import clock
from common.backoff import full_jitter
from common.context import Headers, headers
from common.contract import Request
from common.envelope import (
    Message,
    ReplyEnvelope,
    RequestEnvelope,
    Undecodable,
    decode_request,
    encode,
    reply_to_error,
    reply_to_ok,
    reply_to_refusal,
)
from common.errors import ContractBroken, Refused, ServiceError
from common.service import Periodic, Service
from common.transports.channel import ChannelLayer

log = structlog.get_logger(__name__)


class Worker:
    """Serves one service from a channel layer, `slots` requests at a time."""

    def __init__(
        self,
        service: Service,
        layer: ChannelLayer | None,
        *,
        slots: int = 32,
        grace: float = 10.0,
    ) -> None:
        """Set it up; without a layer it only runs the service's periodic jobs."""
        self.service = service
        self.dropped: Counter[str] = Counter()
        """Messages that got no handler, by reason."""
        self._layer = layer
        self._grace = grace
        self._slots = asyncio.Semaphore(slots)
        self._serving: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more messages, finish what was begun and let `run` return."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until `stop`, then drain for at most the grace period (seconds)."""
        jobs = [asyncio.create_task(self._repeat(p)) for p in self.service.jobs]
        receiver = asyncio.create_task(self._receive()) if self._layer else None
        log.info("worker ready", service=self.service.name, pid=os.getpid())
        await self._stopping.wait()
        log.info("worker draining", requests=len(self._serving))
        if receiver:
            receiver.cancel()
            await asyncio.gather(receiver, return_exceptions=True)
        if rest := {*self._serving, *jobs}:
            _, late = await asyncio.wait(rest, timeout=self._grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        log.info("worker stopped", dropped=dict(self.dropped))

    async def _receive(self) -> None:
        assert self._layer is not None
        attempt = 0
        while True:
            await self._slots.acquire()
            try:
                message = await self._layer.receive(self.service.channel)
            except BaseException as error:
                self._slots.release()
                if not isinstance(error, Exception):
                    raise
                # an undecodable message or a lost bus: the next receive will tell
                attempt += 1
                self.dropped["receive_failed"] += 1
                log.warning("cannot receive", error=repr(error), attempt=attempt)
                await asyncio.sleep(full_jitter(attempt, base=0.1, cap=2))
                continue
            attempt = 0
            task = asyncio.create_task(self._serve(message))
            self._serving.add(task)
            task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._slots.release()
        if not task.cancelled() and (error := task.exception()):
            log.error("request lost", exc_info=error)

    async def _serve(self, message: Message) -> None:
        received_at = clock.now().timestamp()
        try:
            envelope, request = decode_request(self.service.name, message)
        except Undecodable as error:
            self._drop(error.reason, detail=str(error))
            if error.reply_to:
                outcome, body = reply_to_error(ContractBroken(str(error)))
                reply = ReplyEnvelope(id=error.id, outcome=outcome, body=body)
                await self._reply(error.reply_to, reply)
            return
        with headers(envelope.headers):
            if _is_late(envelope, request, received_at):
                self._drop("expired", method=envelope.method)
                return
            queue_seconds = max(0.0, received_at - envelope.sent_at)
            reply = await self._answer(envelope, request, queue_seconds)
            if envelope.reply_to:
                await self._reply(envelope.reply_to, reply)

    async def _answer(
        self, envelope: RequestEnvelope, request: Request[Any], queue_seconds: float
    ) -> ReplyEnvelope:
        started = time.perf_counter()
        try:
            outcome, body = reply_to_ok(await self.service.perform(request))
        except Refused as refusal:
            outcome, body = reply_to_refusal(refusal)
        except ServiceError as error:
            log.error("request failed", method=envelope.method, exc_info=error)
            outcome, body = reply_to_error(error)
        handler_seconds = time.perf_counter() - started
        log.info(
            "request answered",
            method=envelope.method,
            outcome=outcome,
            caller=envelope.headers.caller,
            handler_ms=round(handler_seconds * 1000, 1),
        )
        return ReplyEnvelope(
            id=envelope.id,
            outcome=outcome,
            body=body,
            headers=Headers(correlation_id=envelope.headers.correlation_id),
            queue_seconds=queue_seconds,
            handler_seconds=handler_seconds,
        )

    async def _reply(self, reply_to: str, reply: ReplyEnvelope) -> None:
        assert self._layer is not None
        try:
            await self._layer.send(reply_to, encode(reply))
        except ChannelFull:
            self._drop("reply_channel_full", reply_to=reply_to)
        except Exception as error:  # the caller's timeout covers it
            self._drop("reply_failed", error=repr(error))

    def _drop(self, reason: str, **details: object) -> None:
        self.dropped[reason] += 1
        count = self.dropped[reason]
        log.warning("message dropped", reason=reason, count=count, **details)

    async def _repeat(self, periodic: Periodic) -> None:
        while not self._stopping.is_set():
            try:
                await periodic.job()
            except Exception as error:  # a job comes again; the worker goes on
                log.error("job failed", job=periodic.job.__name__, exc_info=error)
            try:
                async with asyncio.timeout(periodic.seconds):
                    await self._stopping.wait()
            except TimeoutError:
                continue


def _is_late(
    envelope: RequestEnvelope, request: Request[Any], received_at: float
) -> bool:
    """Tell whether its caller has given up; an undo is served all the same."""
    if envelope.deadline is None or request.undo:
        return False
    return received_at >= envelope.deadline
