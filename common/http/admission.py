"""Which requests get a thread, and which are refused since there are too many.

Refusing costs little and is honest: a client that is told to come back can do so, one
that waits for long gives up and comes back, too, and its first request is still worked
on (RFC 9110, section 15.6.4).
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.conf import settings

from common.threads import Crowded, Threads

log = structlog.get_logger(__name__)

LONGEST_QUEUE = 0.8
"""Seconds that a request may have to wait for a thread, by what is usual lately."""
SHARE = 0.4
"""Of that wait, what a client may cause that has most of all requests in the queue."""
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
LONGEST_PASSWORD_QUEUE = 3.0


class Admission:
    """The threads of a web process, and the queue before them."""

    def __init__(self) -> None:
        self.threads = Threads(
            "web", settings.WEB_THREADS, longest_wait=LONGEST_QUEUE, usual=0.02
        )
        self._passwords = Threads(
            "password", 1, longest_wait=LONGEST_PASSWORD_QUEUE, usual=0.3
        )
        self._clients: Counter[str] = Counter()
        """How many requests of each address wait for a thread or are in one."""
        self._refused = 0

    @contextmanager
    def to_threads(self, scope: dict[str, Any]) -> Iterator[Threads]:
        """Provide the threads for a request; raise Crowded if there is no room for it.

        A client that sends more than all others together leaves them some room.
        """
        threads = self._passwords if _has_password(scope) else self.threads
        client = (scope.get("client") or ("",))[0]
        crowds = self._clients[client] * 2 > self._clients.total()
        threads.check_room(SHARE if crowds else 1.0)
        self._clients[client] += 1
        try:
            yield threads
        finally:
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]

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
