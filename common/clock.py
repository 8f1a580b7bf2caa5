"""The wall clock, read in one place so that tests and the simulation can own it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_read: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 replaceable


def now() -> datetime:
    """Return the time, aware and in UTC."""
    return _read()


def after(seconds: float) -> datetime:
    """Return the time so many seconds from now."""
    return now() + timedelta(seconds=seconds)


def use(read: Callable[[], datetime]) -> Callable[[], datetime]:
    """Replace the clock and return the one it had."""
    global _read
    previous, _read = _read, read
    return previous
