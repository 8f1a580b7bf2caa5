"""Answers that are still to come: the wait holds neither a thread nor a connection.

A view that has to wait (for an order's end, for another service) returns
`later(…)`. Its thread and its database connection go on to other requests; the wait is
a coroutine on the event loop; when it is over, another thread finishes the answer.
"""

import contextvars
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from common.rpc import process_client
from common.rpc.errors import Busy

T = TypeVar("T")

CONTENT = {"content-type", "content-length", "content-language", "retry-after"}
"""Headers that belong to the answer's content, in lower case."""
WAITS = "_an_entrance_waits_for_it"


class Later(HttpResponse, Generic[T]):
    """Stands for an answer while it passes through the middleware, which may add to it.

    `wait` and `finish` run in the context of the view, so they carry its headers.
    """

    def __init__(
        self,
        wait: Callable[[], Coroutine[Any, Any, T]],
        finish: Callable[[Future[T]], HttpResponseBase],
        early: tuple[T] | None = None,
    ) -> None:
        super().__init__()
        self.wait = wait
        self.early = early
        """The result, in a tuple, of a wait that somebody ended; None: it must not."""
        self.context = contextvars.copy_context()
        self._finish = finish

    def finish(self, outcome: Future[T]) -> HttpResponseBase:
        """Return the answer, with what the middleware had added; runs in a thread."""
        response = self.context.run(self._finish, outcome)
        for name, value in self.items():
            if name.lower() == "vary":
                patch_vary_headers(response, value.split(", "))
            elif name.lower() not in CONTENT:
                response[name] = value
        response.cookies.update(self.cookies)
        return response


def later(
    request: HttpRequest,
    wait: Callable[[], Coroutine[Any, Any, T]],
    finish: Callable[[Future[T]], HttpResponseBase],
    early: tuple[T] | None = None,
) -> HttpResponseBase:
    """Return an answer that waits for a coroutine and is then finished in a thread.

    `early` holds the result of a wait that ends early, because the process was told to
    stop or the client sends nothing more. Without it the wait goes on to its end.

    Where nothing waits for a request, as in Django's test client or under WSGI, this
    blocks until the answer is there.
    """
    pending = Later(wait, finish, early)
    if getattr(request, WAITS, False):
        return pending
    return pending.finish(outcome_of(lambda: process_client.run_on_loop(wait())))


def outcome_of(work: Callable[[], T]) -> Future[T]:
    """Return what some work returns or raises."""
    outcome: Future[T] = Future()
    try:
        outcome.set_result(work())
    except Exception as error:
        outcome.set_exception(error)
    return outcome


class NoPlace(Busy):
    """As many are waiting for the same thing as may wait."""


class Places:
    """A bulkhead: at most so many waits of one kind at a time on this event loop."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place during the block; raise NoPlace if there is none."""
        if self.taken >= self.most:
            raise NoPlace(f"{self.most} requests wait for it already")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
