"""Where a channel lies: its key, and the broker it belongs to."""

import zlib
from collections.abc import Callable
from typing import NamedTuple

MANY = 10_000
"""Names of channels that are remembered, for speed alone."""


class Place(NamedTuple):
    """Where a channel lies."""

    channel: str
    name: str
    """The name up to and including the "!"."""
    local: bool
    key: str
    """Its braces are a cluster's hash tag: a channel's keys lie on one node."""
    host: int
    """The broker of a process-local channel; general ones are at all of them."""


class Places:
    """The places of the channels that are in use."""

    def __init__(
        self, prefix: str, hosts: int, non_local_name: Callable[[str], str]
    ) -> None:
        self._prefix = prefix
        self._hosts = hosts
        self._non_local_name = non_local_name
        self._known: dict[str, Place] = {}

    def find(self, channel: str, check: Callable[[str], object]) -> Place:
        """Return where a channel lies; `check` raises for a name that is none."""
        try:
            return self._known[channel]
        except (KeyError, TypeError):  # not seen yet, or not even hashable
            check(channel)
        if len(self._known) >= MANY:
            self._known.clear()
        name = self._non_local_name(channel)
        place = Place(
            channel=channel,
            name=name,
            local="!" in channel,
            key=f"{self._prefix}:{{{name}}}",
            host=self.host(name),
        )
        self._known[channel] = place
        return place

    def host(self, name: str) -> int:
        """Return the index of the broker that a name belongs to."""
        return zlib.crc32(name.encode()) % 4096 * self._hosts // 4096
