"""What belongs to one event loop: its connections, and who receives what in it."""

import asyncio
from collections import Counter
from typing import Any

from common.channel_layer.connections import Connections
from common.channel_layer.errors import ForeignChannel
from common.channel_layer.frame import Frame
from common.channel_layer.inbox import Inbox
from common.channel_layer.local_channels import LocalChannels
from common.channel_layer.outbox import Outbox
from common.channel_layer.places import Place
from common.channel_layer.reader import Taker
from common.channel_layer.takers import ChannelTaker, LocalTaker


class ThisLoop:
    """Connections and receivers of one event loop."""

    def __init__(
        self,
        hosts: list[dict[str, Any]],
        local: LocalChannels,
        counts: Counter[str],
        **limits: float,
    ) -> None:
        """Set it up; `limits` are the readers'."""
        self.connections = Connections(hosts)
        expiry_ms = int(limits["expiry"] * 1000)
        self.outboxes = [Outbox(line, expiry_ms) for line in self.connections.lines]
        self._hosts = range(len(hosts))
        self._local = local
        self._counts = counts
        self._limits = limits
        self._general_takers: dict[str, tuple[Inbox, ChannelTaker]] = {}
        self._local_takers: dict[str, LocalTaker] = {}

    async def receive(self, place: Place, capacity: int) -> Frame:
        """Wait for a message of a general channel, from every broker."""
        known = self._general_takers.get(place.name)
        inbox, taker = known or self._open(place, capacity)
        self._counts["expired"] += inbox.drop_expired()
        if not inbox.empty():
            return inbox.get_nowait()
        waiter = inbox.wait()
        self._wake_all(place, taker)
        try:
            return await waiter
        except asyncio.CancelledError:
            inbox.leave(waiter)
            self._wake_all(place, taker)
            raise

    async def receive_local(self, place: Place, process: str) -> Frame:
        """Wait for a message of a channel that only this process receives from."""
        if not place.name.endswith(f"{process}!"):
            raise ForeignChannel(f"{place.channel} belongs to another process")
        self._local.names.received_from(place.channel)
        if frame := self._local.at_hand(place.channel):
            return frame
        if (taker := self._local_takers.get(place.name)) is None:
            taker = LocalTaker(place.name, self._local, self._counts)
            self._local_takers[place.name] = taker
        taker.receiving[place.channel] += 1
        self._wake(place.host, place, taker)
        try:
            return await self._local.wait(place.channel)
        finally:
            taker.receiving[place.channel] -= 1
            if not taker.receiving[place.channel]:
                del taker.receiving[place.channel]

    def _open(self, place: Place, capacity: int) -> tuple[Inbox, ChannelTaker]:
        inbox = Inbox(capacity)
        opened = inbox, ChannelTaker(inbox, self._counts)
        self._general_takers[place.name] = opened
        return opened

    def _wake_all(self, place: Place, taker: Taker) -> None:
        for index in self._hosts:
            self._wake(index, place, taker)

    def _wake(self, index: int, place: Place, taker: Taker) -> None:
        self.connections.read(index, place.key, taker, **self._limits)
