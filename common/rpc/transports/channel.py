"""`channel:`, the bus: requests to a service's channel, replies to our own.

The reply channel names who asks and who answers, `response.ASKING.ASKED.…!…`. So a
bus that knows its users can let each read its own replies only, and answer only for
itself: see `deploy/bus_users.py`.
"""

import asyncio
import uuid
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any, cast

import structlog
from channels.exceptions import ChannelFull, MessageTooLarge
from redis.exceptions import RedisError

from common import clock
from common.channel_layer import RedisChannelLayer
from common.channel_layer.errors import InvalidMessage, NotSent, UnreadableMessage
from common.context import Headers
from common.ops.log_throttle import LogThrottle
from common.ops.outage import OutageLog
from common.rpc.contract import R, Request, plain
from common.rpc.envelope import (
    Message,
    ReplyEnvelope,
    RequestEnvelope,
    Undecodable,
    decode_reply,
    encode,
    open_reply,
    reply_to_error,
)
from common.rpc.errors import Busy, ContractBroken, NoReply
from common.rpc.transports import TimedReply
from common.rpc.transports.layer import ChannelLayer

log = structlog.get_logger(__name__)


class Channel:
    """The bus: a reply channel for each service asked, replies matched by id."""

    def __init__(self, layer: ChannelLayer, caller: str = "anybody") -> None:
        """Set it up; `caller` is the bus's user that reads the replies."""
        self.layer = layer
        self._caller = caller
        self.late_replies = 0
        self._said_dropped = LogThrottle(log)
        self._said_late = LogThrottle(log, "info")
        self._new_id = partial(_new_id, uuid.uuid4().hex, count(1))
        self._reply_channels: dict[str, str] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[tuple[str, str], asyncio.Future[ReplyEnvelope]] = {}
        """By the service that was asked and the request's id: no other may answer."""

    async def call(
        self, request: Request[R], headers: Headers, *, timeout: float
    ) -> TimedReply[R]:
        """Send the request and wait for its reply.

        Raises Busy if the channel is full. Anything else that keeps the reply away is
        NoReply: a broken connection does not tell whether the message got through.
        """
        body = plain(request)
        id = self._new_id()
        future = asyncio.get_running_loop().create_future()
        self._waiting[request.service, id] = future
        name = f"{request.service}.{type(request).__name__}"
        try:
            async with asyncio.timeout(timeout):
                reply_to = await self._listen_to(request.service)
                envelope = _envelope(request, body, id, reply_to, headers, timeout)
                await self._send(request, envelope)
                reply = await future
        except TimeoutError:
            raise NoReply(f"no reply from {name} within {timeout:.3g} s") from None
        finally:
            del self._waiting[request.service, id]
        return TimedReply(
            reply=cast(R, open_reply(request, reply)),
            queue_seconds=reply.queue_seconds,
            handler_seconds=reply.handler_seconds,
        )

    async def notify(self, request: Request[Any], headers: Headers) -> None:
        """Send the request without a return address."""
        body, id = plain(request), self._new_id()
        envelope = _envelope(request, body, id, None, headers, request.timeout)
        async with asyncio.timeout(request.timeout):
            await self._send(request, envelope)

    async def close(self) -> None:
        """Stop reading replies, and let go of the bus."""
        readers = list(self._readers.values())
        self._readers.clear()
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        if close_pools := getattr(self.layer, "close_pools", None):
            await close_pools()

    async def _send(self, request: Request[Any], envelope: RequestEnvelope) -> None:
        try:
            await self.layer.send(f"{request.service}.request", encode(envelope))
        except ChannelFull:
            raise Busy(f"the channel to {request.service} is full") from None
        except (InvalidMessage, MessageTooLarge) as error:
            raise ContractBroken(f"{type(request).__name__}: {error}") from error
        except NotSent as error:
            raise Busy(f"the bus is out of reach: {error}") from error
        except (OSError, RedisError) as error:
            raise NoReply(f"the bus failed: {error}") from error

    async def _listen_to(self, service: str) -> str:
        """Return the channel for the service's replies, which is being read."""
        if (channel := self._reply_channels.get(service)) is None:
            new = await self.new_channel(service)
            channel = self._reply_channels.setdefault(service, new)
        reader = self._readers.get(service)
        if reader is None or reader.done():
            self._readers[service] = asyncio.create_task(self._read(service, channel))
        return channel

    async def new_channel(self, service: str) -> str:
        """Return a new channel of this process, for what a service sends to it.

        The stock layer reads one prefix at a time in a process: with two, the replies
        of the second service would stay where they are.
        """
        own = f"response.{self._caller}"
        if isinstance(self.layer, RedisChannelLayer):
            own = f"{own}.{service}"
        return await self.layer.new_channel(own)

    async def _read(self, service: str, channel: str) -> None:
        outage = OutageLog("receiving")
        while True:
            try:
                message = await self.layer.receive(channel)
            except UnreadableMessage as error:
                self._said_dropped.say("reply dropped", "unreadable", detail=str(error))
            except Exception as error:  # whatever the layer raises: keep reading
                await outage.pause(error)
            else:
                outage.over()
                self._hand_over(service, self._decoded(message))
                del message  # it is not kept until the next one

    def _decoded(self, message: Message) -> ReplyEnvelope:
        """Return a reply; one that cannot be read says so to whoever waits for it."""
        try:
            return decode_reply(message)
        except Undecodable as error:
            detail = str(error)
            self._said_dropped.say("reply dropped", "bad_reply", detail=detail)
            outcome, body = reply_to_error(ContractBroken(detail))
            return ReplyEnvelope(id=error.id, outcome=outcome, body=body)

    def _hand_over(self, service: str, reply: ReplyEnvelope) -> None:
        future = self._waiting.get((service, reply.id))
        if future is not None and not future.done():
            future.set_result(reply)
        elif reply.id:
            self.late_replies += 1
            self._said_late.say(
                "late reply dropped", "late", late_replies=self.late_replies
            )


def _new_id(process: str, numbers: Iterator[int]) -> str:
    """Return an id that no other call has, of this process or another."""
    return f"{process}-{next(numbers)}"


def _envelope(
    request: Request[Any],
    body: dict[str, Any],
    id: str,
    reply_to: str | None,
    headers: Headers,
    timeout: float,
) -> RequestEnvelope:
    sent_at = clock.now().timestamp()
    return RequestEnvelope(
        id=id,
        method=type(request).__name__,
        version=request.version,
        sent_at=sent_at,
        deadline=sent_at + timeout,
        reply_to=reply_to,
        headers=headers,
        body=body,
    )
