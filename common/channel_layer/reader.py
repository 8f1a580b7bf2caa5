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

from common.channel_layer.errors import ChannelLayerError
from common.channel_layer.frame import Frame, age_ms
from common.channel_layer.scripts import script
from common.channel_layer.wire import Wire, accepted, is_error

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
        self._broker_ahead_ms: float | None = None
        self._quiet = self._skip = 0

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
                    await self._pop_once(await self._connected())
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

    async def _pop_once(self, wire: Wire) -> None:
        """Take what is there, then wait for one more message, in one round trip."""
        pop = self._pop = _Pop(self.taker, self._expiry_ms, self._broker_ahead_ms)
        others = self.taker.wanted() - 1
        look = ("EVALSHA", script("pop").sha, 1, self._key, others, self._expiry_ms)
        wait = ("BLPOP", self._key, self._block)
        if self._skip:
            self._skip -= 1
            wire.post(wait, then=(pop.waited,), patience=self._block)
        else:
            then = (pop.took, pop.waited)
            wire.post(look, wait, then=then, patience=self._block)
        await self._finish(wire, pop)
        self._look_less_often_if_quiet(pop)

    async def _finish(self, wire: Wire, pop: "_Pop") -> None:
        surplus = await asyncio.shield(pop.surplus)
        self._pop, self._broker_ahead_ms = None, pop.broker_ahead_ms
        if surplus:
            await self._give_back(wire, surplus)
        if pop.script_missing:
            accepted(await wire.run("SCRIPT", "LOAD", script("pop").text))

    def _look_less_often_if_quiet(self, pop: "_Pop") -> None:
        """Leave the script out of some pops while messages come one at a time.

        The script is a reply more to read for each message. When it has found nothing,
        the next 1, then 3, then 7 pops do without it.
        """
        if pop.found:
            self._quiet = self._skip = 0
        elif pop.found == 0:
            self._quiet = min(self._quiet + 1, 3)
            self._skip = 2**self._quiet - 1

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
            self._quiet = self._skip = 0
            self._wire = await Wire.open(self._pool, within=self._within)
            self._id = accepted(await self._wire.run("CLIENT", "ID"))
            accepted(await self._wire.run("SCRIPT", "LOAD", script("pop").text))
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
    """One pop under way: often a script that takes what is there, then a BLPOP.

    Messages are handed over at the moment they arrive. The script also tells the
    broker's time, by which a message is too old or not.
    """

    def __init__(
        self, taker: Taker, expiry_ms: int, broker_ahead_ms: float | None
    ) -> None:
        self.surplus: asyncio.Future[list[Frame]]
        """Done when the pop is; what nobody waited for."""
        self.surplus = asyncio.get_running_loop().create_future()
        self.broker_ahead_ms = broker_ahead_ms
        """The broker's time less this process's `time.monotonic()`."""
        self.script_missing = False
        self.found: int | None = None
        """Messages that the script took; None if it did not run."""
        self._left_over: list[Frame] = []
        self._error: ChannelLayerError | None = None
        self._taker = taker
        self._expiry_ms = expiry_ms

    def took(self, reply: Any) -> None:
        """Hand over what was there."""
        self.script_missing = is_error(reply, "NOSCRIPT")
        if self.script_missing:
            return
        try:
            now_ms, expired, *raw = accepted(reply)
        except ChannelLayerError as error:
            self._error = error
            return
        self.broker_ahead_ms = now_ms - time.monotonic() * 1000
        self.found = len(raw)
        if expired:
            self._taker.expired(expired)
        self._hand_over(raw)

    def waited(self, reply: Any) -> None:
        """Hand over the message that was waited for; this ends the pop."""
        try:
            popped = accepted(reply)  # key and frame, or nothing
        except ChannelLayerError as error:
            self._error = error
        else:
            self._hand_over(popped[1:] if popped else [])
        if self._error:
            self.surplus.set_exception(self._error)
        else:
            self.surplus.set_result(self._left_over)

    def _hand_over(self, raw: list[bytes]) -> None:
        now = time.monotonic()
        for item in raw:
            left_ms: float = self._expiry_ms
            if self.broker_ahead_ms is not None:
                left_ms -= age_ms(item, now * 1000 + self.broker_ahead_ms)
            frame = Frame(item, now + left_ms / 1000)
            if left_ms <= 0:
                self._taker.expired(1)
            elif not self._taker.take(frame):
                self._left_over.append(frame)


def _jitter(failures: int) -> float:
    """Return seconds to wait before connecting again, so that not all come at once."""
    return random.uniform(0, min(2.0, 0.05 * 2.0 ** min(failures, 10)))  # noqa: S311
