"""Which requests get a thread, and which are refused since there are too many.

Refusing costs little and is honest: a client that is told to come back can do so, one
that waits for long gives up and comes back, too, and its first request is still worked
on (RFC 9110, section 15.6.4). Clients have their turns one after the other, so that
one who asks for much waits for himself and not the others for him.
"""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from django.conf import settings

from common.http.clients import client_of
from common.threads import Crowded, Threads, never_slow

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Lane:
    """Threads, and who may wait before them."""

    threads: Threads
    longest_wait: float
    """Seconds in which a request gets a thread or is refused."""
    most: int
    """Requests that may wait, of all clients together."""
    most_of_one: int
    """Requests of one client that may wait."""


PASSWORD_PATHS = (
    "/api/token",
    "/api/session/login/",
    "/admin/login/",
    "/admin/password_change/",
    "/admin/auth/user/",
)
"""Where a POST has a password hashed, which takes half a second of a core on purpose.

These requests have a thread of their own, one at a time.
"""


class Admission:
    """The threads of a web process, and the queues before them."""

    def __init__(self) -> None:
        self.threads = Threads("web", settings.WEB_THREADS)
        self._pages = Lane(self.threads, longest_wait=0.8, most=512, most_of_one=64)
        self._passwords = Lane(
            never_slow("password", 1), longest_wait=3.0, most=16, most_of_one=8
        )
        self._refused = 0

    async def in_thread(self, scope: dict[str, Any], work: Callable[[], T]) -> T:
        """Do a request's work in a thread; raise Crowded if there is none for it soon.

        Work that has begun is always done to its end.
        """
        lane = self._passwords if _has_password(scope) else self._pages
        client, queue = client_of(scope), lane.threads.new
        if queue.size >= lane.most or queue.length(client) >= lane.most_of_one:
            raise Crowded(f"{lane.threads.name}: {queue.size} requests are waiting")
        context = contextvars.copy_context()
        work = functools.partial(context.run, work)
        begun = lane.threads.put(queue, client, work)
        result = asyncio.wrap_future(begun)
        await asyncio.wait({result}, timeout=lane.longest_wait)
        if begun.cancel():  # it had not begun
            raise Crowded(f"{lane.threads.name}: no thread in {lane.longest_wait:g} s")
        return await result

    def refused(self, why: Crowded) -> None:
        """Count a request that was refused; one line a second tells how many."""
        self._refused += 1
        if self._refused == 1:
            asyncio.get_running_loop().call_later(1, self._say, str(why))

    def _say(self, why: str) -> None:
        log.warning("requests refused", status=503, count=self._refused, first=why)
        self._refused = 0


def _has_password(scope: dict[str, Any]) -> bool:
    path: str = scope["path"]
    return scope["method"] == "POST" and path.startswith(PASSWORD_PATHS)
