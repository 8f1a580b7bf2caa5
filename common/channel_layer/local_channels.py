"""Process-local channels: the part of a name behind the "!".

All of a process's channels with one prefix share a key in the broker. Whichever event
loop's reader brings a message, it reaches the channel's own inbox.
"""

import asyncio
import threading
import time
from collections import defaultdict
from functools import partial

from common.channel_layer.errors import ChannelLayerError
from common.channel_layer.frame import Frame
from common.channel_layer.inbox import Inbox
from common.channel_layer.own_names import OwnNames

MOST_INBOXES = 100_000
"""Channels that are waited for, or whose messages are waiting, in one process."""


class LocalChannels:
    """What has arrived for this process's channels; shared by its event loops."""

    def __init__(self, capacity: int, expiry: float, names: OwnNames) -> None:
        self.names = names
        self.inboxes: defaultdict[str, Inbox] = defaultdict(partial(Inbox, capacity))
        self.expired = 0
        self._lock = threading.Lock()
        self._expiry = expiry
        self._swept = time.monotonic()

    def has_room_for(self, channel: str) -> bool:
        """Tell whether the channel is one of ours, and may have an inbox."""
        if channel in self.inboxes:
            return True
        return len(self.inboxes) < MOST_INBOXES and channel in self.names

    def deliver(self, channel: str, frame: Frame) -> None:
        """Hand a message to the channel's receiver, in whatever loop that is."""
        with self._lock:
            inbox = self.inboxes[channel]
            loop = inbox.waiters[0].get_loop() if inbox.waiters else None
            if loop is None or loop is asyncio.get_running_loop():
                inbox.put_nowait(frame)
                return
        loop.call_soon_threadsafe(self.deliver, channel, frame)

    def at_hand(self, channel: str) -> Frame | None:
        """Return the channel's next message if it has arrived."""
        if channel not in self.inboxes:
            return None
        with self._lock:
            inbox = self.inboxes[channel]
            self.expired += inbox.drop_expired()
            frame = None if inbox.empty() else inbox.get_nowait()
            self._forget(channel)
            return frame

    async def wait(self, channel: str) -> Frame:
        """Return the channel's next message when it arrives."""
        with self._lock:
            inbox = self.inboxes[channel]
            if not inbox.empty():  # another event loop has just brought it
                return inbox.get_nowait()
            loop = asyncio.get_running_loop()
            if inbox.waiters and inbox.waiters[0].get_loop() is not loop:
                raise RuntimeError(f"two event loops receive from {channel}")
            waiter = inbox.wait()
        try:
            return await waiter
        except asyncio.CancelledError:
            with self._lock:
                inbox.leave(waiter)
            raise
        finally:
            with self._lock:
                self._forget(channel)

    def fail(self, channel: str, error: ChannelLayerError) -> None:
        """Raise an error in those who wait for the channel in this event loop."""
        with self._lock:
            self.inboxes[channel].fail(error)

    def sweep(self) -> None:
        """Forget messages that expired because nobody ever came for them."""
        if time.monotonic() - self._swept < self._expiry / 4:
            return
        self._swept = time.monotonic()
        with self._lock:
            for channel, inbox in list(self.inboxes.items()):
                self.expired += inbox.drop_expired()
                self._forget(channel)

    def _forget(self, channel: str) -> None:
        inbox = self.inboxes.get(channel)
        if inbox is not None and inbox.empty() and not inbox.waiters:
            del self.inboxes[channel]
