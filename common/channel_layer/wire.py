"""A connection to the broker with any number of commands under way on it.

redis-py opens it: it knows URLs, TLS, passwords and Sentinels. From then on this reads
and writes it directly, for two reasons. redis-py's clients repeat a command when the
connection breaks, and a pop that is repeated may lose a message. And handing a reply
to its waiter from `data_received` saves several turns of the event loop per message.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

from common.channel_layer.errors import (
    BrokerRefused,
    BrokerUnreachable,
    ChannelLayerError,
    SendOutcomeUnknown,
)
from common.channel_layer.scripts import Script

Command = tuple[Any, ...]
"""Its words: text, bytes or numbers."""
Then = Callable[[Any], None]
Run = Callable[..., Awaitable[Any]]
NOTHING = object()


class Wire(asyncio.Protocol):
    """Sends commands in order and hands each reply, in order, to whom it belongs."""

    def __init__(
        self, pool: ConnectionPool, connection: AbstractConnection, within: float
    ) -> None:
        """Take over a connection that redis-py has opened: see `open`."""
        self.lost: ChannelLayerError | None = None
        """Why it is of no more use, if so."""
        self._pool = pool
        self._connection = connection
        self._within = within
        self._loop = asyncio.get_running_loop()
        self._parser = hiredis.Reader(notEnoughData=NOTHING)
        self._expected: deque[tuple[Then, float]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        writer = connection._writer  # redis-py has no public way to it
        self._transport = cast(asyncio.Transport, cast(Any, writer).transport)
        self._transport.set_protocol(self)

    @classmethod
    async def open(cls, pool: ConnectionPool, *, within: float) -> "Wire":
        """Connect. A broker that owes a reply for `within` seconds is given up.

        Raises BrokerUnreachable, or BrokerRefused for a wrong password or the like.
        """
        try:
            connection: AbstractConnection = await pool.get_connection()  # type: ignore[no-untyped-call]
        except ResponseError as error:
            raise BrokerRefused(str(error)) from error
        except (OSError, RedisError) as error:
            raise BrokerUnreachable(str(error)) from error
        return cls(pool, connection, within)

    @property
    def busy(self) -> bool:
        """Whether a reply is awaited."""
        return bool(self._expected)

    def post(
        self, *commands: Command, then: tuple[Then, ...], patience: float = 0
    ) -> None:
        """Send commands in one piece; pass the reply to each, or the error, to `then`.

        A reply may take `patience` seconds longer than usual.
        """
        if self.lost:
            for callback in then:
                callback(self.lost)
            return
        overdue = self._loop.time() + self._within + patience
        packed = []
        for command, callback in zip(commands, then, strict=True):
            self._expected.append((callback, overdue))
            packed.append(hiredis.pack_command(command))
        self._transport.write(b"".join(packed))
        if self._watch is None:
            self._watch = self._loop.call_at(overdue, self._look_at_the_clock)

    def run(self, *command: Any) -> asyncio.Future[Any]:
        """Return what will be the reply to a command, or an error: see `accepted`."""
        reply: asyncio.Future[Any] = self._loop.create_future()
        self.post(command, then=(reply.set_result,))
        return reply

    def data_received(self, data: bytes) -> None:
        """Hand over the replies that are complete."""
        self._parser.feed(data)
        try:
            while (reply := self._parser.gets(False)) is not NOTHING:
                if isinstance(reply, hiredis.PushNotification):
                    continue
                then, _ = self._expected.popleft()
                _pass_on(reply, then)
                if is_error(reply, "READONLY"):  # a replica now: look for the master
                    self._lose(SendOutcomeUnknown("the broker became a replica"))
        except (hiredis.ProtocolError, IndexError) as error:
            self._lose(SendOutcomeUnknown(f"this is no Valkey or Redis: {error!r}"))

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what was under way: it happened, or it did not."""
        self._lose(SendOutcomeUnknown(f"the connection to the broker broke: {error!r}"))

    async def close(self) -> None:
        """End the connection."""
        self._lose(SendOutcomeUnknown("the channel layer was closed"))
        try:
            await self._connection.disconnect(nowait=True)
        finally:
            await self._pool.release(self._connection)

    def _lose(self, error: ChannelLayerError) -> None:
        if self.lost is None:
            self.lost = error
            self._transport.abort()
            if self._watch:
                self._watch.cancel()
            while self._expected:
                then, _ = self._expected.popleft()
                _pass_on(error, then)

    def _look_at_the_clock(self) -> None:
        self._watch = None
        if not self._expected:
            return
        _, overdue = self._expected[0]
        if self._loop.time() >= overdue:
            self._lose(SendOutcomeUnknown("the broker does not answer"))
        else:
            self._watch = self._loop.call_at(overdue, self._look_at_the_clock)


async def call(run: Run, script: Script, key: str | bytes, *args: Any) -> Any:
    """Run a script on its key, loading it first where the broker lacks it.

    Raises as `accepted` does.
    """
    reply = await run("EVALSHA", script.sha, 1, key, *args)
    if is_error(reply, "NOSCRIPT"):
        accepted(await run("SCRIPT", "LOAD", script.text))
        reply = await run("EVALSHA", script.sha, 1, key, *args)
    return accepted(reply)


def _pass_on(reply: Any, then: Then) -> None:
    try:
        then(reply)
    except asyncio.InvalidStateError:  # who asked is gone
        return


def is_error(reply: Any, kind: str) -> bool:
    """Tell whether a reply is the broker's error of a kind, such as NOSCRIPT."""
    return isinstance(reply, hiredis.ReplyError) and str(reply).startswith(kind)


def accepted(reply: Any) -> Any:
    """Return a reply; raise BrokerRefused or SendOutcomeUnknown if it is an error."""
    if isinstance(reply, hiredis.ReplyError):
        raise BrokerRefused(str(reply)) from reply
    if isinstance(reply, ChannelLayerError):
        raise type(reply)(*reply.args)
    return reply
