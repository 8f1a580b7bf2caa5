"""Who takes what a reader brings: one channel's receivers, or many local channels."""

from collections import Counter

from common.channel_layer.errors import ChannelLayerError
from common.channel_layer.frame import Frame
from common.channel_layer.inbox import Inbox
from common.channel_layer.local_channels import LocalChannels

BATCH = 100
"""Messages for local channels that are fetched at a time."""


class ChannelTaker:
    """The receivers of one general channel in one event loop."""

    def __init__(self, inbox: Inbox, counts: Counter[str]) -> None:
        self._inbox = inbox
        self._counts = counts

    def wanted(self) -> int:
        """Return the number of receivers: a message nobody waits for stays put."""
        return len(self._inbox.waiters)

    def take(self, frame: Frame) -> bool:
        """Hand it to the receiver who has waited longest."""
        if not self._inbox.waiters:
            return False
        self._inbox.put_nowait(frame)
        return True

    def has_leftovers(self) -> bool:
        """Tell whether a receiver was cancelled as it got a message."""
        return not self._inbox.empty()

    def leftovers(self) -> list[Frame]:
        """Return messages whose receiver was cancelled as it got them."""
        self.expired(self._inbox.drop_expired())
        return [self._inbox.get_nowait() for _ in range(self._inbox.qsize())]

    def fail(self, error: ChannelLayerError) -> None:
        """Raise an error in every receiver."""
        self._inbox.fail(error)

    def expired(self, count: int) -> None:
        """Count messages that were too old."""
        self._counts["expired"] += count


class LocalTaker:
    """The local channels of one prefix that are being received in one event loop."""

    def __init__(
        self, name: str, channels: LocalChannels, counts: Counter[str]
    ) -> None:
        """Set it up; `name` is what the channels have in common, up to the "!"."""
        self._name = name
        self.receiving: Counter[str] = Counter()
        """Receivers by channel."""
        self._channels = channels
        self._counts = counts

    def wanted(self) -> int:
        """Fetch while there is any receiver: the message may be for another one."""
        return BATCH if self.receiving else 0

    def take(self, frame: Frame) -> bool:
        """Put it into the inbox of each channel it is for, if that is one of ours."""
        self._channels.sweep()
        try:
            names = frame.channels
        except ValueError:
            self._counts["unreadable"] += 1
            return True
        for name in names:
            if name.startswith(self._name) and self._channels.has_room_for(name):
                self._channels.deliver(name, frame)
            else:
                self._counts["unknown_channel"] += 1
        return True

    def has_leftovers(self) -> bool:
        """Keep what was not received: no other process could receive it."""
        return False

    def leftovers(self) -> list[Frame]:
        """Return nothing."""
        return []

    def fail(self, error: ChannelLayerError) -> None:
        """Raise an error in every receiver."""
        for channel in list(self.receiving):
            self._channels.fail(channel, error)

    def expired(self, count: int) -> None:
        """Count messages that were too old."""
        self._counts["expired"] += count
