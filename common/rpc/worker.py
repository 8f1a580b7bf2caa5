"""The worker: takes requests from a service's channel and always answers them.

Unlike the stock `runworker` it takes a message only when it has a free slot, so that
a full channel really pushes back; it runs requests side by side, survives whatever a
handler, a message or the bus does, drops what nobody waits for any longer, and drains
on SIGTERM.
"""

import asyncio
import os
import time
from collections import Counter
from typing import Any, cast

import structlog
from channels.exceptions import ChannelFull
from msgspec import structs

from common import clock
from common.channel_layer.errors import UnreadableMessage
from common.context import Headers, headers
from common.ops.event_loop import EventLoopWatch
from common.ops.log_throttle import LogThrottle
from common.ops.outage import OutageLog, described, is_outage
from common.rpc.contract import Request
from common.rpc.envelope import (
    Message,
    ReplyEnvelope,
    RequestEnvelope,
    Undecodable,
    decode_request,
    encode,
    reply_to_error,
    reply_to_ok,
    reply_to_refusal,
    seconds,
)
from common.rpc.errors import ContractBroken, NotServed, Refused, ServiceError
from common.rpc.jobs import repeat
from common.rpc.load_shedding import LoadShedding
from common.rpc.service import Service
from common.rpc.transports.layer import ChannelLayer, receive_with_age

log = structlog.get_logger(__name__)

_Job = tuple[RequestEnvelope, Request[Any], float] | tuple[str | None, ReplyEnvelope]
"""A request and how long it waited (seconds), or where to send which answer."""
NOT_SERVED = {"unknown_method", "unknown_version"}
"""Reasons that say no more than that a request is younger, or older, than we are."""


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
        """Set it up; without a layer it only runs the service's periodic jobs.

        Raises ValueError for a worker that would have nothing to do.
        """
        if not (service.jobs or (layer and service.handlers)):
            raise ValueError(f"{service.name} has nothing to listen to, and no jobs")
        self.service = service
        self.dropped: Counter[str] = Counter()
        """Messages that got no handler, by reason."""
        self._layer = layer
        self._grace = grace
        self._slots = slots if layer else 0
        self._idle: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._receiving = OutageLog("receiving")
        self._handling = OutageLog("handling")
        self._said = LogThrottle(log)
        self._load = LoadShedding()

    def stop(self) -> None:
        """Take no more messages, finish what was begun and let `run` return."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until `stop`, then drain for at most the grace period (seconds)."""
        stopping = self._stopping
        jobs = [asyncio.create_task(repeat(job, stopping)) for job in self.service.jobs]
        slots = [asyncio.create_task(self._slot()) for _ in range(self._slots)]
        log.info(
            "worker started",
            service=self.service.name,
            pid=os.getpid(),
            listens_to=self.service.channel if slots else None,
        )
        with EventLoopWatch():
            await stopping.wait()
            log.info("worker draining", requests=len(slots) - len(self._idle))
            for slot in self._idle:
                slot.cancel()
            if rest := {*slots, *jobs}:
                _, late = await asyncio.wait(rest, timeout=self._grace)
                for task in late:
                    task.cancel()
                await asyncio.gather(*rest, return_exceptions=True)
        log.info("worker stopped", dropped=dict(self.dropped))

    async def _slot(self) -> None:
        """Serve one request at a time.

        Each free slot waits for a message of its own. So the channel layer knows how
        many are wanted, and the rest stays in the channel for other workers.
        """
        slot = cast("asyncio.Task[None]", asyncio.current_task())
        while not self._stopping.is_set():
            try:
                if job := await self._receive(slot):
                    await self._serve(job)
            except Exception as error:  # nothing that a message does ends the slot
                log.error("request lost", exc_info=error)
            job = None  # it is not kept while the slot is free

    async def _receive(self, slot: "asyncio.Task[None]") -> _Job | None:
        """Return what the next message says; the message itself is not kept."""
        assert self._layer is not None
        self._idle.add(slot)
        try:
            message, age = await receive_with_age(self._layer, self.service.channel)
        except UnreadableMessage as error:
            self._drop("unreadable", detail=str(error))
            return None
        except Exception as error:  # a lost bus; whatever else a layer raises
            self.dropped["receive_failed"] += 1
            await self._receiving.pause(error)
            return None
        else:
            self._receiving.over()
            return self._decoded(message, age)
        finally:
            self._idle.discard(slot)

    def _decoded(self, message: Message, age: float | None) -> _Job:
        """Return the request in a message that is so old (seconds), or its answer.

        The age is by the broker's clock if it told. Nobody's wall clock is compared
        with another one's then: the envelope's times are both the sender's, and tell
        only how long its caller will wait.
        """
        try:
            envelope, request = decode_request(self.service.name, message)
        except Undecodable as error:
            self._drop(error.reason, detail=str(error))
            kind = NotServed if error.reason in NOT_SERVED else ContractBroken
            outcome, body = reply_to_error(kind(str(error)))
            reply = ReplyEnvelope(id=error.id, outcome=outcome, body=body)
            return error.reply_to, reply
        if age is None:
            age = clock.now().timestamp() - envelope.sent_at
        return structs.replace(envelope, body={}), request, age

    async def _serve(self, job: _Job) -> None:
        if len(job) == 2:
            reply_to, refusal = job
            if reply_to:
                await self._reply(reply_to, refusal)
            return
        envelope, request, waited = job
        with headers(envelope.headers):
            if reason := self._load.refuses(envelope, request, waited):
                self._drop(reason, method=envelope.method)
                return
            reply = await self._answer(envelope, request, seconds(waited))
            if envelope.reply_to:
                await self._reply(envelope.reply_to, reply)

    async def _answer(
        self, envelope: RequestEnvelope, request: Request[Any], queue_seconds: float
    ) -> ReplyEnvelope:
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        slow = loop.call_later(request.timeout, self._warn_of_slow, envelope)
        try:
            outcome, body = reply_to_ok(await self.service.perform(request))
            self._handling.over()
        except Refused as refusal:
            outcome, body = reply_to_refusal(refusal)
        except ServiceError as error:
            self._failed(envelope, error)
            outcome, body = reply_to_error(error)
        finally:
            slow.cancel()
        handler_seconds = time.perf_counter() - started
        self._load.took(envelope.method, handler_seconds)
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
            handler_seconds=seconds(handler_seconds),
        )

    def _failed(self, envelope: RequestEnvelope, error: ServiceError) -> None:
        cause = error.__cause__  # what a handler raised unawares
        if is_outage(cause):
            self._handling.failed(cause)
        else:
            method = envelope.method
            log.error(
                "request failed", method=method, error=described(error), exc_info=cause
            )

    async def _reply(self, reply_to: str, reply: ReplyEnvelope) -> None:
        assert self._layer is not None
        try:
            await self._layer.send(reply_to, encode(reply))
        except ChannelFull:
            self._drop("reply_channel_full", reply_to=reply_to[:80])
        except Exception as error:  # the caller's timeout covers it
            self._drop("reply_failed", error=described(error))

    def _drop(self, reason: str, **details: object) -> None:
        self.dropped[reason] += 1
        count = self.dropped[reason]
        self._said.say("message dropped", reason, count=count, **details)

    def _warn_of_slow(self, envelope: RequestEnvelope) -> None:
        log.warning(
            "handler still at work after its caller's timeout",
            method=envelope.method,
            correlation_id=envelope.headers.correlation_id,
        )
