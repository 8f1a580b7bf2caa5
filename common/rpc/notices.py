"""Notices: after a commit, a word to every process of a service that listens.

The word says which rows have changed, and to which status. It may get lost, as anything
on the bus: whoever waits for a row looks from time to time, too. What was committed
while a word was being sent goes out as one with the next.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec
import structlog

from common.channel_layer.errors import UnreadableMessage
from common.context import Headers, headers
from common.ops.log_throttle import LogThrottle
from common.ops.outage import OutageLog, described
from common.rpc.contract import read
from common.rpc.errors import ContractBroken

log = structlog.get_logger(__name__)

JOIN_EVERY = 60.0
"""Seconds; a bus that was emptied has forgotten who listens."""
MOST = 1000
"""Rows that one word tells of."""

Changed = Mapping[str, str]
"""The new status by the row's key."""


class _Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["notice"]
    changed: dict[str, str]


class Notices:
    """One service's words, as one process sends and hears them, on its event loop."""

    def __init__(
        self,
        service: str,
        layer: Any = None,
        new_channel: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        """Set it up; without a layer that has groups a process hears only itself."""
        self._group = f"{service}.changed"
        self._layer: Any = (
            layer if "groups" in getattr(layer, "extensions", ()) else None
        )
        self._new_channel = new_channel
        self._listeners: list[Callable[[Changed], None]] = []
        self._untold: dict[str, str] = {}
        self._sending: asyncio.Task[None] | None = None
        self._hearing: list[asyncio.Task[None]] = []
        self._said = LogThrottle(log, "info")
        self._channel = ""

    def tell(self, changed: Changed) -> None:
        """Tell what has changed, soon."""
        self._heard(changed)
        if self._layer is None:
            return
        self._untold.update(changed)
        if self._sending is None:
            self._sending = self._task(self._send())

    def listen(self, heard: Callable[[Changed], None]) -> None:
        """Have a function called with each word from now on."""
        self._listeners.append(heard)
        if self._layer is not None and not self._hearing:
            self._hearing = [self._task(self._hear())]

    async def close(self) -> None:
        """Say what is still to be said, and listen no more."""
        for task in self._hearing:
            task.cancel()
        await asyncio.gather(*self._hearing, return_exceptions=True)
        if self._sending is not None:
            await self._sending
        if self._channel:
            with contextlib.suppress(Exception):  # it ends by itself in a day
                async with asyncio.timeout(1):
                    await self._layer.group_discard(self._group, self._channel)

    def _task(self, work: Any) -> asyncio.Task[None]:
        """Start a task that is for all, not for whoever was first."""
        with headers(Headers()):
            return asyncio.create_task(work)

    async def _send(self) -> None:
        try:
            while self._untold:
                keys = list(self._untold)[:MOST]
                changed = {key: self._untold.pop(key) for key in keys}
                message = msgspec.to_builtins(_Notice("notice", changed))
                try:
                    async with asyncio.timeout(5):
                        await self._layer.group_send(self._group, message)
                except Exception as error:  # whoever waits looks by itself
                    self._said.say("not told", "lost", error=described(error))
        finally:
            self._sending = None  # in the same step of the loop as the look above

    async def _hear(self) -> None:
        outage = OutageLog("hearing of changes")
        while True:
            try:
                await self._join()
                async with asyncio.timeout(JOIN_EVERY):
                    while True:
                        message = await self._layer.receive(self._channel)
                        outage.over()
                        self._heard(self._read(message))
            except TimeoutError:
                continue
            except UnreadableMessage as error:
                self._said.say("notice dropped", "unreadable", error=str(error))
            except Exception as error:  # whatever the layer raises: go on listening
                await outage.pause(error)

    async def _join(self) -> None:
        assert self._new_channel is not None
        self._channel = self._channel or await self._new_channel()
        await self._layer.group_add(self._group, self._channel)

    def _heard(self, changed: Changed) -> None:
        for heard in self._listeners:
            heard(changed)

    def _read(self, message: object) -> Changed:
        try:
            return read(message, _Notice).changed
        except ContractBroken as error:
            self._said.say("notice dropped", "bad_notice", error=str(error))
            return {}
