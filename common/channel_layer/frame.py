"""A message as it lies in the broker: a stamp, whom it is for, and the message.

1764000000000specific.9f…!a1 specific.9f…!b2\\n<serialised message>
^ 13 digits: when the broker took it (ms)
             ^ process-local channels, none for a general one
"""

import time

STAMP = 13
"""Digits of the stamp that `send.lua` puts in front."""
MOST_NAMES = 2000
"""Channels that one frame may be for; a larger group gets several."""
LONGEST_NAMES = MOST_NAMES * 100
"""Bytes: a name has less than a hundred, and a space behind it."""


class Frame:
    """One message, taken out of the broker and not received yet."""

    __slots__ = ("expires_at", "raw", "sent_at")

    def __init__(self, raw: bytes, expires_at: float, sent_at: float | None) -> None:
        """Set it up; both times are on this process's `time.monotonic()`."""
        self.raw = raw
        self.expires_at = expires_at
        self.sent_at = sent_at
        """When the broker took it, if that is known."""

    @property
    def age(self) -> float | None:
        """Seconds since the broker took it, if that is known."""
        if self.sent_at is None:
            return None
        return max(0.0, time.monotonic() - self.sent_at)

    @property
    def channels(self) -> list[str]:
        """The process-local channels it is for, each once.

        Raises ValueError if this is no frame of ours.
        """
        end = self.raw.index(b"\n", STAMP, STAMP + LONGEST_NAMES)
        names = self.raw[STAMP:end].decode("ascii").split(" ")
        if len(names) > MOST_NAMES:
            raise ValueError(f"{len(names)} names")
        return list(dict.fromkeys(names))

    @property
    def payload(self) -> bytes:
        """The serialised message. Raises ValueError if this is no frame of ours."""
        return self.raw[self.raw.index(b"\n", STAMP) + 1 :]

    @property
    def expired(self) -> bool:
        """Whether it is too old to be received."""
        return time.monotonic() >= self.expires_at


def join(payload: bytes, channels: list[str] | None = None) -> bytes:
    """Return what `send.lua` is given: a frame without its stamp."""
    return " ".join(channels or ()).encode("ascii") + b"\n" + payload
