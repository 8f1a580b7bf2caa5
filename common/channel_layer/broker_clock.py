"""The broker's time, by which messages grow old: no two machines' clocks agree."""

import time
from typing import Any

from common.channel_layer.frame import STAMP
from common.channel_layer.wire import accepted

TRUSTED = 1.0
"""Seconds after which the broker is asked again: clocks drift, and are set right."""


class BrokerClock:
    """What the broker's clock says, as far as it is known here."""

    def __init__(self) -> None:
        self._ahead_ms: float | None = None
        """The broker's time less this process's `time.monotonic()`."""
        self._told_at = 0.0

    @property
    def stale(self) -> bool:
        """Whether the broker should be asked for its TIME."""
        return self._ahead_ms is None or time.monotonic() > self._told_at + TRUSTED

    def told(self, reply: Any) -> None:
        """Take note of a reply to TIME. Raises as `accepted` does."""
        seconds, microseconds = accepted(reply)
        self._told_at = time.monotonic()
        now_ms = int(seconds) * 1000 + int(microseconds) / 1000
        self._ahead_ms = now_ms - self._told_at * 1000

    def sent_at(self, frame: bytes) -> float | None:
        """Return when a frame was taken (monotonic seconds); None if it tells not.

        A stamp in the future counts as now: no message lives longer than others.
        """
        stamp = frame[:STAMP]
        if self._ahead_ms is None or not stamp.isdigit():
            return None
        return min(time.monotonic(), (int(stamp) - self._ahead_ms) / 1000)
