"""What one event loop has open at the brokers: a connection belongs to one loop."""

import asyncio
from typing import Any

from channels_redis.utils import create_pool

from common.channel_layer.errors import BrokerUnreachable
from common.channel_layer.line import Line
from common.channel_layer.reader import Reader, Taker

REPLY_TIMEOUT = 5.0
"""Seconds that a broker may be silent, unless `socket_timeout` says otherwise."""


class _NoSentinel:
    sentinels: tuple[Any, ...] = ()


class Connections:
    """A line to each broker, and a reader for each channel that is received from."""

    def __init__(self, hosts: list[dict[str, Any]]) -> None:
        """Set it up for the `hosts` of channels_redis; nothing is opened yet."""
        # a blocking pop takes longer than other replies, so the waits are ours
        self._within = [host.get("socket_timeout") or REPLY_TIMEOUT for host in hosts]
        self.pools = [
            create_pool({"protocol": 2} | host | {"socket_timeout": None})
            for host in hosts
        ]
        self.lines = [
            Line(pool, within=within)
            for pool, within in zip(self.pools, self._within, strict=True)
        ]
        self._readers: dict[tuple[int, str], Reader] = {}
        self._tasks: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._closed = False
        self._keeper = asyncio.create_task(self._keep())

    def read(self, index: int, key: str, taker: Taker, **limits: float) -> None:
        """Make sure that a reader of the key is awake."""
        if (index, key) not in self._readers:
            self._start(index, key, taker, **limits)
        self._readers[index, key].wanted.set()

    def _start(self, index: int, key: str, taker: Taker, **limits: float) -> None:
        within = self._within[index]
        reader = Reader(self.pools[index], key, taker, within=within, **limits)
        task = asyncio.create_task(reader.run())
        self._readers[index, key], self._tasks[index, key] = reader, task

        def ended(_: asyncio.Task[None]) -> None:
            del self._readers[index, key], self._tasks[index, key]
            if taker.wanted() and not self._closed:  # it was too late to notice
                self.read(index, key, taker, **limits)

        task.add_done_callback(ended)

    async def _keep(self) -> None:
        """Close the lines when the event loop ends without having closed us."""
        try:
            await asyncio.Event().wait()
        finally:
            for line in self.lines:
                await line.close()

    async def close(self) -> None:
        """End readers and lines; what a reader has in hand goes back."""
        self._closed = True
        takers = [reader.taker for reader in self._readers.values()]
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for taker in takers:
            taker.fail(BrokerUnreachable("the channel layer was closed"))
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        for pool in self.pools:
            await pool.aclose()
            for client in getattr(pool, "sentinel_manager", _NoSentinel).sentinels:
                await client.aclose()
