"""What fails because something is away: said once, and once more when it is over."""

import asyncio
from collections.abc import Callable
from typing import TypeGuard

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError
from redis.exceptions import RedisError

from common.backoff import full_jitter

log = structlog.get_logger(__name__)

NOT_MIGRATED = "42P01"
"""PostgreSQL's undefined_table; SQLite has an OperationalError for it."""

_watch: Callable[[Exception], None] | None = None


def is_outage(error: object) -> TypeGuard[Exception]:
    """Tell whether the database or the bus is to blame, not a bug."""
    if isinstance(error, DatabaseError):
        code = getattr(error.__cause__, "sqlstate", None)
        return isinstance(error, OperationalError) or code == NOT_MIGRATED
    return isinstance(error, InterfaceError | RedisError | ConnectionError)


def described(error: Exception) -> str:
    """Return an error in one short line that can be logged and stored anywhere.

    redis-py's own `repr` leaves out what happened; PostgreSQL stores no NUL.
    """
    text = str(error)[:1000].replace("\0", "").encode(errors="replace").decode()
    return f"{type(error).__name__}: {' '.join(text.split())}"[:300]


def hand_to(watch: Callable[[Exception], None] | None) -> None:
    """Let a watch say what it makes of outages, instead of everyone they meet."""
    global _watch
    _watch = watch


class OutageLog:
    """Something that fails again and again, and is logged only when that changes."""

    def __init__(self, what: str, **details: object) -> None:
        """Set it up: `what` is the log's word for it, such as "job"."""
        self._what = what
        self._details = details
        self._failures = 0
        self._said: type[Exception] | None = None
        self._pause: asyncio.Task[None] | None = None

    def failed(self, error: Exception) -> None:
        """Say that it fails: once of each kind of error, with a traceback for bugs."""
        self._failures += 1
        if _watch and is_outage(error):
            _watch(error)
        elif type(error) is not self._said:
            self._said = type(error)
            say = log.warning if is_outage(error) else log.error
            bug = None if is_outage(error) else error
            event = f"{self._what} fails"
            say(event, error=described(error), exc_info=bug, **self._details)

    async def pause(self, error: Exception) -> None:
        """Wait before the next attempt: the more have failed, the longer.

        All tasks that meet the outage pause as long as the first.
        """
        if self._pause is None or self._pause.done():
            self.failed(error)
            seconds = full_jitter(self._failures, base=0.1, cap=2)
            self._pause = asyncio.create_task(asyncio.sleep(seconds))
        await asyncio.wait({self._pause})

    def over(self) -> None:
        """Take note that it works."""
        if self._said:
            event = f"{self._what} works again"
            log.info(event, failures=self._failures, **self._details)
        self._said, self._failures = None, 0
