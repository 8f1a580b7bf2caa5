"""A request's way through a web process, decided here alone.

    the event loop              reads the request; knows its method; answers for health
      └ a short queue           503 with Retry-After when it is full
          └ a thread            Django's middleware and the view, in one piece
      └ a wait, if need be      on the loop: no thread, no database connection
          └ a thread            finishes the answer
    the event loop              sends the answer as fast as the client reads

The loop never parses a body and never touches the database. What a thread has begun
it finishes, whether the client is still there or not, and gives back what it held.
"""

import asyncio
import contextvars
import functools
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast

import structlog
from django.conf import settings

from common.context import Headers, headers
from common.http import health, problem, stopping
from common.http.admission import Admission
from common.http.card_numbers import without_card_numbers
from common.http.chain import Chain, HttpAnswer, Pending, of_page
from common.http.methods import EXPECTED, METHODS
from common.rpc import process_client
from common.threads import Crowded

log = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

IN_MEMORY = 100_000
"""Bytes of a body up to which it is not written to a file."""


class Entrance:
    """The ASGI application of a project."""

    def __init__(self) -> None:
        self._chain = Chain()
        self._admission = Admission()
        self._threads = self._admission.threads
        self._at_work: set[asyncio.Task[None]] = set()
        self._health = health.Health()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; refuse what is not HTTP."""
        process_client.bind()
        if scope["type"] == "websocket":
            await _refuse_websocket(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"nothing here speaks {scope['type']}")
        # A server cancels this when it stops; a thread that is at
        # work cannot be cancelled, and whoever waits for it gives back what it holds.
        work = asyncio.create_task(self._http(scope, receive, send))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            if stopping.has_begun():
                work.cancel()
            raise

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        known = scope["method"] in METHODS
        if known and (page := await self._health.page(scope["method"], scope["path"])):
            await self._send(scope, receive, send, of_page(page))
            return
        try:
            answer = await self._answer(scope, receive)
        except Crowded as crowd:
            self._admission.refused(crowd)
            answer = of_page(problem.answer(503, "too many requests at a time"))
            await self._send(scope, receive, send, answer)
            return
        except asyncio.CancelledError:
            if stopping.has_begun():  # what hangs is not waited for any longer
                answer = of_page(problem.answer(503, "the process stops; try again"))
                await self._send(scope, receive, send, answer)
            raise
        if answer is None:  # the client has left
            return
        await self._send(scope, receive, send, answer)
        _log(scope, answer, time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive) -> HttpAnswer | None:
        """Return the answer to a request, or None if its client left; raise Crowded."""
        if scope["method"] not in METHODS:
            return of_page(problem.answer(501, EXPECTED))
        try:
            body = await _read(receive)
        except TooLong as error:
            return of_page(problem.answer(413, str(error)))
        if body is None:
            return None
        work = functools.partial(self._chain.answer, scope, body)
        try:
            made = await self._admission.in_thread(scope, work)
        finally:
            body.close()
        return await self._waited(made, receive) if isinstance(made, Pending) else made

    async def _waited(self, pending: Pending, receive: Receive) -> HttpAnswer:
        """Wait for what an answer waits for, and have the answer finished."""
        later = pending.later
        waiting = asyncio.create_task(later.wait(), context=later.context)
        enough: set[asyncio.Future[Any]] = set()
        if later.early:
            enough = {
                asyncio.ensure_future(receive()),  # the client sends nothing more
                asyncio.create_task(stopping.begun()),
            }
        try:
            await asyncio.wait({waiting, *enough}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = waiting.done()
            for task in (waiting, *enough):
                task.cancel()
            await asyncio.wait({waiting, *enough})
        outcome: Future[Any] = Future()
        if later.early and not ended:
            outcome.set_result(later.early[0])
        elif error := waiting.exception():
            outcome.set_exception(error)
        else:
            outcome.set_result(waiting.result())
        return await _in_thread(
            self._threads.late, self._chain.finish, pending, outcome
        )

    async def _send(
        self, scope: Scope, receive: Receive, send: Send, answer: HttpAnswer
    ) -> None:
        start = {"type": "http.response.start", "status": answer.status}
        try:
            await send({**start, "headers": answer.headers})
            if answer.stream is not None and scope["method"] != "HEAD":
                await self._send_stream(receive, send, answer)
            else:
                body = b"" if scope["method"] == "HEAD" else answer.body
                await send({"type": "http.response.body", "body": body})
        finally:
            if answer.stream is not None:
                await _in_thread(self._threads.late, self._chain.close, answer)

    async def _send_stream(
        self, receive: Receive, send: Send, answer: HttpAnswer
    ) -> None:
        """Send a file as fast as the client reads it, while the client is there."""
        late, left = self._threads.late, asyncio.ensure_future(receive())
        try:
            more = True
            while more and not left.done():
                block = await _in_thread(late, self._chain.next_block, answer)
                more = bool(block)
                piece = {"type": "http.response.body", "body": block}
                await send({**piece, "more_body": more})
        finally:
            left.cancel()


async def _in_thread(
    threads: Executor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    context = contextvars.copy_context()
    work = functools.partial(context.run, lambda: function(*args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(threads, work)


class TooLong(Exception):
    """A body is longer than the project reads."""


async def _read(receive: Receive) -> BinaryIO | None:
    """Return the body, at its beginning; None if the client left before its end.

    Raises TooLong, for servers that do not look at a body's length themselves.
    """
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 closed by who reads
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            body.close()
            return None
        body.write(message.get("body", b""))
        if body.tell() > most:
            body.close()
            raise TooLong(f"expected at most {most} bytes")
        more = message.get("more_body", False)
    body.seek(0)
    return cast(BinaryIO, body)


def _log(scope: Scope, answer: HttpAnswer, seconds: float) -> None:
    given = dict(answer.headers).get(b"X-Correlation-ID", b"").decode()
    with headers(Headers(correlation_id=given)):
        log.info(
            "http",
            method=scope["method"][:20],
            path=without_card_numbers(scope["path"]),
            status=answer.status,
            ms=round(seconds * 1000, 1),
        )


async def _refuse_websocket(receive: Receive, send: Send) -> None:
    """Close a WebSocket before it is open, which is answered with 403: none is here."""
    await receive()
    await send({"type": "websocket.close"})
