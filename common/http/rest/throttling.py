"""How often one client may ask, counted by all processes of a service together.

The counts are on the bus's server, in Django's cache: two numbers per client and kind
of request, which expire. The window slides: of the period before, that part counts
which is still within it. While the server is away each process counts for itself, so
that what needs no bus, such as placing an order, is answered all the same.

What is left is told in `RateLimit` and `RateLimit-Policy` (IETF draft
draft-ietf-httpapi-ratelimit-headers), which `common.http.answers` sends.
"""

import hashlib
import math
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from django.core.cache import BaseCache, caches
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle

from common.conf.rates import parsed
from common.http.clients import client_of_request
from common.ops import bus_check
from common.ops.outage import OutageLog

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module

TRY_AGAIN_AFTER = 5.0
"""Seconds for which a process counts alone when the bus did not answer."""

A_BIT = 0.001
"""Seconds: at the limit itself a request does not fit yet."""


@cache
def shared() -> BaseCache:
    """Return the counts of all processes.

    One for this process: `caches` would make one, and a connection, for each request.
    """
    return caches.create_connection("throttles")


class Counts:
    """Where requests are counted: together with others, or here."""

    def __init__(self) -> None:
        self._alone_until = -math.inf
        self._said = OutageLog("counting together")

    def hit(
        self, before: str, now: str, fits: Callable[[int, int], bool], ttl: int
    ) -> tuple[int, int]:
        """Count a request in `now` if it fits; return the counts of both windows.

        `fits` is asked with both counts, the request not among them.
        """
        if bus_check.is_needed() and time.monotonic() >= self._alone_until:
            try:
                counted = _hit(shared(), before, now, fits, ttl)
            except (RedisError, OSError) as error:
                self._alone_until = time.monotonic() + TRY_AGAIN_AFTER
                self._said.failed(error)
            else:
                self._said.over()
                return counted
        return _hit(caches["default"], before, now, fits, ttl)


def _hit(
    kept: BaseCache, before: str, now: str, fits: Callable[[int, int], bool], ttl: int
) -> tuple[int, int]:
    counts = kept.get_many([before, now])
    old, new = counts.get(before, 0), counts.get(now, 0)
    if not fits(old, new):
        return old, new + 1
    if not new and kept.add(now, 1, ttl):
        return old, 1
    try:
        return old, kept.incr(now)
    except ValueError:  # it has expired since
        kept.set(now, 1, ttl)
        return old, 1


_counts = Counts()


class SharedThrottle(ScopedRateThrottle):
    """Counts the requests of each `throttle_scope` of a view (DRF's hook)."""

    def get_ident(self, request: Request) -> str:
        """Return the address of who has not logged in, as the entrance sees it."""
        return client_of_request(request._request)

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Tell whether a request is within its limit, and note what is left of it."""
        scope = getattr(view, "throttle_scope", None)
        if scope is None:
            return True
        self.scope = scope
        if (rate := self.get_rate()) is None:
            return True
        limit, seconds = parsed(rate)
        window, passed = divmod(time.time(), seconds)
        client = hashlib.sha256(str(self.get_cache_key(request, view)).encode())
        name = f"{scope}:{client.hexdigest()[:32]}"
        part = 1 - passed / seconds

        def fits(old: int, new: int) -> bool:
            return old * part + new < limit

        old, new = _counts.hit(
            f"{name}:{int(window) - 1}", f"{name}:{int(window)}", fits, 2 * seconds
        )
        allowed = fits(old, new - 1)
        self._wait = 0.0 if allowed else _wait(old, new - 1, limit, seconds, passed)
        left = max(0, math.floor(limit - old * part - new))
        again = math.ceil(self._wait if not allowed else seconds - passed)
        request._request.rate_limit = (  # type: ignore[attr-defined]
            f'"{scope}";q={limit};w={seconds}',
            f'"{scope}";r={left};t={again}',
        )
        return allowed

    def wait(self) -> float:
        """Return the seconds after which a request is within the limit again."""
        return self._wait


def _wait(old: int, new: int, limit: int, seconds: int, passed: float) -> float:
    """Return when `old * part + new` is below the limit, in this window or the next."""
    if new < limit:
        return max(0.0, seconds * (1 - (limit - new) / old) - passed) + A_BIT
    return seconds - passed + max(0.0, seconds * (1 - limit / new)) + A_BIT
