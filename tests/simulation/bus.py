"""The simulated channel layer: bytes in, bytes out, and between them the dice."""

import asyncio
import contextvars
import hashlib
import random
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import msgpack

from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import PROCESS, VirtualLoop

NOBODY = contextvars.Context()


class Bus:
    """All channels. What is under way belongs to no process."""

    def __init__(self, loop: VirtualLoop, faults: Faults, rng: random.Random) -> None:
        self._loop = loop
        self._faults = faults
        self._rng = rng
        self._channels: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self.trace = hashlib.blake2b()
        """Of every message that was posted, and when: equal for equal courses."""
        self._numbers = count()
        self._under_way: dict[int, asyncio.TimerHandle] = {}
        self._waiters: defaultdict[str, deque[Any]] = defaultdict(deque)

    def post(self, channel: str, data: bytes) -> None:
        """Take a message on its way."""
        faults, rng = self._faults, self._rng
        self.trace.update(f"{self._loop.time()} {channel} ".encode() + data)
        if faults.happens("drop"):
            return
        copies = 2 if faults.happens("duplicate") else 1
        for copy in range(copies):
            seconds = rng.uniform(0, 0.003) + copy * rng.uniform(0, 2)
            if faults.happens("delay"):
                seconds += rng.uniform(0, 1)
            elif faults.happens("past_deadline"):
                seconds += rng.uniform(2, 8)
            elif faults.happens("stale"):
                seconds += rng.uniform(8, 30)
            number = next(self._numbers)
            self._under_way[number] = self._loop.call_later(
                seconds, self._arrive, number, channel, data, context=NOBODY.copy()
            )

    def hurry(self) -> bool:
        """Deliver at once what is still under way; tell whether there was anything."""
        under_way, self._under_way = self._under_way, {}
        for number, delivery in under_way.items():
            _, channel, data = delivery._args  # type: ignore[attr-defined]
            delivery.cancel()
            self._loop.call_soon(
                self._arrive, number, channel, data, context=NOBODY.copy()
            )
        return bool(under_way)

    def _arrive(self, number: int, channel: str, data: bytes) -> None:
        self._under_way.pop(number, None)
        waiters = self._waiters[channel]
        while waiters:
            process, waiter = waiters.popleft()
            if not (waiter.done() or process.dead):
                waiter.set_result(data)
                return
        self._channels[channel].append(data)

    async def next(self, channel: str) -> bytes:
        """Wait for a message."""
        if queue := self._channels[channel]:
            return queue.popleft()
        waiter: asyncio.Future[bytes] = self._loop.create_future()
        self._waiters[channel].append((PROCESS.get(), waiter))
        return await waiter


class Layer:
    """One process's end of the bus."""

    def __init__(
        self, bus: Bus, name: str, crash_point: Callable[[str], Awaitable[None]]
    ) -> None:
        self._bus = bus
        self._name = name
        self._crash_point = crash_point
        self._numbers = count(1)

    async def new_channel(self, prefix: str = "specific") -> str:
        return f"{prefix}.{self._name}.{next(self._numbers)}!replies"

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        where = channel.partition(".")[0]
        await self._crash_point(f"before send to {where}")
        self._bus.post(channel, msgpack.packb(message))
        await self._crash_point(f"after send to {where}")

    async def receive(self, channel: str) -> dict[str, Any]:
        message: dict[str, Any] = msgpack.unpackb(await self._bus.next(channel))
        return message
