"""What stands under which key of the bus, in our channel layer and the stock one."""

import os
import secrets
import time
from typing import Any

from common.conf.backends import OUR_CHANNEL_LAYER

RANDOM = 12
"""Random bytes in front of each serialised message."""
STAMP = 13
"""Digits in front of each message of ours: when it was sent (ms), by the broker."""


class Ours:
    """A list of stamped messages for each channel."""

    push = b"RPUSH"
    first_message = 2
    """The place of the first message among the words of the command."""

    def key(self, channel: str) -> str:
        """Return a channel's key."""
        return f"asgi:{{{channel}}}"

    def count(self, bus: Any, channel: str) -> int:
        """Return how many messages wait in a channel."""
        return int(bus.llen(self.key(channel)))

    def payload(self, raw: bytes) -> bytes:
        """Return the serialised message itself."""
        return raw[raw.index(b"\n") + 1 + RANDOM :]

    def with_payload(self, raw: bytes, payload: bytes) -> bytes:
        """Return the same with another message in it."""
        return raw[: raw.index(b"\n") + 1 + RANDOM] + payload

    def put(self, pipe: Any, channel: str, raw: bytes) -> None:
        """Put a message into its channel again, as if sent now."""
        stamp = b"%013d" % int(time.time() * 1000)
        pipe.rpush(self.key(channel), stamp + raw[STAMP:])


class Stock:
    """A sorted set for each channel; equal members are one, hence the random bytes."""

    push = b"ZADD"
    first_message = 3

    def key(self, channel: str) -> str:
        """Return a channel's key."""
        return f"asgi{channel}"

    def count(self, bus: Any, channel: str) -> int:
        """Return how many messages wait in a channel."""
        return int(bus.zcard(self.key(channel)))

    def payload(self, raw: bytes) -> bytes:
        """Return the serialised message itself."""
        return raw[RANDOM:]

    def with_payload(self, raw: bytes, payload: bytes) -> bytes:
        """Return the same with another message in it."""
        return raw[:RANDOM] + payload

    def put(self, pipe: Any, channel: str, raw: bytes) -> None:
        """Put a message into its channel again, as if sent now."""
        member = secrets.token_bytes(RANDOM) + self.payload(raw)
        pipe.zadd(self.key(channel), {member: time.time()})


def wire() -> Ours | Stock:
    """Return the way of the channel layer that the suite runs on."""
    layer = os.environ.get("CHANNEL_LAYER", OUR_CHANNEL_LAYER)
    return Ours() if layer == OUR_CHANNEL_LAYER else Stock()
