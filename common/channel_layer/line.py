"""The connection that all sends of one event loop to one broker share."""

import asyncio
from typing import Any

from redis.asyncio import ConnectionPool

from common.channel_layer.errors import BrokerUnreachable
from common.channel_layer.scripts import Script
from common.channel_layer.wire import Wire, call


class Line:
    """A wire that is there when it is needed, and anew after it broke."""

    def __init__(self, pool: ConnectionPool, *, within: float) -> None:
        self._pool = pool
        self._within = within
        self._wire: Wire | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    @property
    def wire(self) -> Wire | None:
        """The connection, if it is there."""
        wire = self._wire
        return None if wire is None or wire.lost else wire

    async def run(self, *command: Any) -> Any:
        """Return the reply to a command, or the broker's error: see `wire.accepted`."""
        return await (self.wire or await self.connected()).run(*command)

    async def call(self, script: Script, key: str | bytes, *args: Any) -> Any:
        """Run a script on its key and return its reply.

        Raises BrokerUnreachable or BrokerRefused if it did not run, SendOutcomeUnknown
        if nobody can say.
        """
        return await call(self.run, script, key, *args)

    async def close(self) -> None:
        """End the connection; what is under way fails with SendOutcomeUnknown."""
        self._closed = True
        wire, self._wire = self._wire, None
        if wire:
            await wire.close()

    async def connected(self) -> Wire:
        """Return the connection, made anew if it was lost.

        Raises BrokerUnreachable or BrokerRefused.
        """
        async with self._opening:
            if self.wire:
                return self.wire
            if self._wire:
                broken, self._wire = self._wire, None
                await broken.close()
            if self._closed:
                raise BrokerUnreachable("the channel layer was closed")
            self._wire = await Wire.open(self._pool, within=self._within)
            return self._wire
