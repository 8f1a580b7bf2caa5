"""The permanent reader of one channel at one broker.

A blocking pop that is cancelled may have taken a message nobody will see. So this one
is never cancelled: it feeds whoever waits, and what nobody waits for goes back.
"""

import asyncio
import logging
import random
import time
from typing import Any, Protocol

from redis.asyncio import ConnectionPool

from common.channel_layer.broker_clock import BrokerClock
from common.channel_layer.errors import ChannelLayerError
from common.channel_layer.frame import Frame
from common.channel_layer.scripts import script
from common.channel_layer.wire import Command, Then, Wire, accepted

log = logging.getLogger(__name__)

IDLE = 30.0
"""Seconds without anybody waiting after which the reader ends."""


class Taker(Protocol):
    """Who the messages are for."""

    def wanted(self) -> int:
        """Return how many messages could be handed over now."""

    def take(self, frame: Frame) -> bool:
        """Hand a message over, or return False if nobody waits any longer."""

    def has_leftovers(self) -> bool:
        """Tell whether there are messages whose receiver left at the last moment."""

    def leftovers(self) -> list[Frame]:
        """Return these messages and forget them."""

    def fail(self, error: ChannelLayerError) -> None:
        """Raise an error in all who wait."""

    def expired(self, count: int) -> None:
        """Take note of messages that were too old."""


class Reader:
    """Pops a channel while somebody waits, as many at a time as there are waiters."""

    def __init__(
        self,
        pool: ConnectionPool,
        key: str,
        taker: Taker,
        *,
        expiry: float,
        block: float,
        within: float,
    ) -> None:
        """Set it up: a pop blocks for `block` seconds, a reply takes `within` more."""
        self.taker = taker
        self.wanted = asyncio.Event()
        self._pool = pool
        self._key = key
        self._expiry_ms = int(expiry * 1000)
        self._block = block
        self._within = within
        self._wire: Wire | None = None
        self._id = 0
        self._pop: _Pop | None = None
        self._giving: asyncio.Future[Any] | None = None
        self._clock = BrokerClock()
        self._found_expired = False

    async def run(self) -> None:
        """Read until nobody has waited for a while. Cancelling it loses nothing."""
        failures = 0
        try:
            while True:
                try:
                    if not await self._somebody_waits():
                        return
                    if failures:
                        await asyncio.sleep(_jitter(failures))
                    wire = await self._connected()
                    if wanted := self.taker.wanted():
                        await self._pop_once(wire, wanted)
                        failures = 0
                except ChannelLayerError as error:
                    failures += 1
                    await self._hang_up()
                    self.taker.fail(error)
        finally:
            await self._stop()

    async def _somebody_waits(self) -> bool:
        while not self.taker.wanted():
            await self._give_back_leftovers()
            self.wanted.clear()
            try:
                async with asyncio.timeout(IDLE):
                    await self.wanted.wait()
            except TimeoutError:
                return False
        return True

    async def _pop_once(self, wire: Wire, wanted: int) -> None:
        """Wait for messages, so many at most."""
        pop = self._pop = _Pop(self.taker, self._expiry_ms, self._clock)
        commands: list[Command] = []
        then: list[Then] = []
        if self._clock.stale:
            commands.append(("TIME",))
            then.append(pop.told_the_time)
        if self._found_expired:  # then there may be many
            drop = script("drop_expired").text
            commands.append(("EVAL", drop, 1, self._key, self._expiry_ms))
            then.append(pop.dropped)
        pop_up_to = "BLMPOP", self._block, 1, self._key, "LEFT", "COUNT", wanted
        commands.append(pop_up_to)
        wire.post(*commands, then=(*then, pop.popped), patience=self._block)
        await self._finish(wire, pop)

    async def _finish(self, wire: Wire, pop: "_Pop") -> None:
        surplus = await asyncio.shield(pop.surplus)
        self._pop, self._found_expired = None, pop.found_expired
        if surplus:
            await self._give_back(wire, surplus)

    async def _give_back(self, wire: Wire, frames: list[Frame]) -> None:
        """Put messages back; once it is called, cancelling does not stop it."""
        raw = (frame.raw for frame in frames)
        text = script("give_back").text
        self._giving = wire.run("EVAL", text, 1, self._key, self._expiry_ms, *raw)
        accepted(await asyncio.shield(self._giving))

    async def _give_back_leftovers(self) -> None:
        if self.taker.has_leftovers():
            wire = await self._connected()
            await self._give_back(wire, self.taker.leftovers())

    async def _connected(self) -> Wire:
        if self._wire is None or self._wire.lost:
            await self._hang_up()
            self._clock = BrokerClock()
            self._wire = await Wire.open(self._pool, within=self._within)
            self._id = accepted(await self._wire.run("CLIENT", "ID"))
        return self._wire

    async def _stop(self) -> None:
        """End the pop that is still blocking and give back what it brought."""
        try:
            async with asyncio.timeout(self._within):
                if self._wire and self._pop:
                    await self._unblock(self._pop)
                    await self._finish(self._wire, self._pop)
                if self._giving:
                    accepted(await self._giving)
                await asyncio.sleep(0)  # receivers that are cancelled with us leave
                await self._give_back_leftovers()
        except (ChannelLayerError, TimeoutError) as error:
            log.warning("cannot give back messages of %s: %r", self._key, error)
        finally:
            await self._hang_up()

    async def _unblock(self, pop: "_Pop") -> None:
        """Make the broker end our pop; it may not have begun it yet."""
        other = await Wire.open(self._pool, within=self._within)
        try:
            while not pop.surplus.done():
                if await other.run("CLIENT", "UNBLOCK", self._id):
                    return
                await asyncio.sleep(0.005)
        finally:
            await other.close()

    async def _hang_up(self) -> None:
        wire, self._wire, self._pop = self._wire, None, None
        if wire:
            await wire.close()


class _Pop:
    """One pop under way. Messages are handed over at the moment they arrive."""

    def __init__(self, taker: Taker, expiry_ms: int, clock: BrokerClock) -> None:
        self.surplus: asyncio.Future[list[Frame]]
        """Done when the pop is; what nobody waited for."""
        self.surplus = asyncio.get_running_loop().create_future()
        # a reader that was stopped asks no more
        self.surplus.add_done_callback(asyncio.Future.exception)
        self.found_expired = False
        self._error: ChannelLayerError | None = None
        self._taker = taker
        self._expiry_ms = expiry_ms
        self._clock = clock

    def told_the_time(self, reply: Any) -> None:
        """Set the clock."""
        try:
            self._clock.told(reply)
        except ChannelLayerError as error:
            self._error = error

    def dropped(self, reply: Any) -> None:
        """Count the messages that were dropped for their age."""
        try:
            self._expired(accepted(reply))
        except ChannelLayerError as error:
            self._error = error

    def popped(self, reply: Any) -> None:
        """Hand over the messages that were waited for; this ends the pop."""
        left_over: list[Frame] = []
        try:
            if popped := accepted(reply):  # the key and the frames, or nothing
                left_over = self._hand_over(popped[1])
        except ChannelLayerError as error:
            self._error = error
        if self._error and not left_over:
            self.surplus.set_exception(self._error)
        else:
            self.surplus.set_result(left_over)

    def _hand_over(self, raw: list[bytes]) -> list[Frame]:
        now, left_over = time.monotonic(), []
        for item in raw:
            sent_at = self._clock.sent_at(item)
            since = now if sent_at is None else sent_at
            frame = Frame(item, since + self._expiry_ms / 1000, sent_at)
            if frame.expires_at <= now:
                self._expired(1)
            elif not self._taker.take(frame):
                left_over.append(frame)
        return left_over

    def _expired(self, count: int) -> None:
        self.found_expired = self.found_expired or count > 0
        self._taker.expired(count)


def _jitter(failures: int) -> float:
    """Return seconds to wait before connecting again, so that not all come at once."""
    return random.uniform(0, min(2.0, 0.05 * 2.0 ** min(failures, 10)))  # noqa: S311
