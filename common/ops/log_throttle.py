"""Lines that strangers can cause: one a second for each reason, with a count."""

import asyncio
from collections import Counter
from typing import Any

PAUSE = 1.0
"""Seconds from one line of a reason to the next."""


class LogThrottle:
    """Says what happens for the first time at once, and of the rest how often.

    `reason` is one of a small fixed set. Used inside of one event loop.
    """

    def __init__(self, log: Any, level: str = "warning") -> None:
        """Set it up, to write lines of a level."""
        self._log = log
        self._level = level
        self._more: Counter[str] = Counter()
        """What was not said yet, by reasons that were said lately."""
        self._last: dict[str, tuple[str, dict[str, Any]]] = {}

    def say(self, event: str, reason: str, **details: object) -> None:
        """Log it, now or, with how many more there were, within a second."""
        self._last[reason] = event, details
        if reason in self._more:
            self._more[reason] += 1
            return
        self._write(event, reason=reason, **details)
        self._wait(reason)

    def _write(self, event: str, **details: object) -> None:
        getattr(self._log, self._level)(event, **details)

    def _wait(self, reason: str) -> None:
        self._more[reason] = 0
        asyncio.get_running_loop().call_later(PAUSE, self._say_rest, reason)

    def _say_rest(self, reason: str) -> None:
        more, (event, details) = self._more.pop(reason), self._last.pop(reason)
        if more:
            self._write(event, reason=reason, more=more, **details)
            self._last[reason] = event, details
            self._wait(reason)
