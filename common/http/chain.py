"""Django's middleware and views as plain calls, each made in one thread.

Django's own ASGI handler hops between threads for each layer that is not async, and
its clean-up is cancelled when a client leaves. Here a thread does a request's whole
work, and gives back what it held before it tells the result.
"""

import os
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.core import signals
from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import response_for_exception
from django.db import close_old_connections
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from common.http import problem
from common.http.later import WAITS, Later

Headers = list[tuple[bytes, bytes]]
BLOCK = 64 * 1024
"""Bytes of a file that are read and sent at a time."""


@dataclass(frozen=True)
class HttpAnswer:
    """What to send: a body, or the response to stream it from."""

    status: int
    headers: Headers
    body: bytes = b""
    stream: StreamingHttpResponse | None = None


@dataclass(frozen=True)
class Pending:
    """An answer that waits for something first."""

    later: Later[Any]
    request: ASGIRequest


class Chain(BaseHandler):
    """Answers requests; every method runs in a thread of the pool."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()

    def answer(self, scope: dict[str, Any], body: BinaryIO) -> HttpAnswer | Pending:
        """Return the answer to a request, or what it has to wait for."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        try:
            request = ASGIRequest(scope, body)
        except UnicodeDecodeError:
            return of_page(problem.answer(400, "expected UTF-8 in the query"))
        request.META.setdefault("CONTENT_LENGTH", str(_length(body)))
        setattr(request, WAITS, True)
        response = self.get_response(request)
        if isinstance(response, Later):
            close_old_connections()  # others use it meanwhile
            return Pending(response, request)
        return _closed(response)

    def finish(self, pending: Pending, outcome: Any) -> HttpAnswer:
        """Return the answer after its wait; `outcome` is a future that is done."""
        try:
            response = pending.later.finish(outcome)
        except Exception as error:
            response = response_for_exception(pending.request, error)
        finally:
            pending.later.close()
        return _closed(response)

    def next_block(self, answer: HttpAnswer) -> bytes:
        """Return the next piece of a stream, and nothing at its end."""
        assert answer.stream is not None
        pieces = []
        size = 0
        for piece in answer.stream:
            pieces.append(piece)
            size += len(piece)
            if size >= BLOCK:
                break
        return b"".join(pieces)

    def close(self, answer: HttpAnswer) -> None:
        """Close a stream, read to its end or not."""
        if answer.stream is not None:
            answer.stream.close()


def of_page(page: HttpResponse) -> HttpAnswer:
    """Return a page that was made outside of the chain as an answer."""
    page.headers.setdefault("Cache-Control", "no-store")
    page["Content-Length"] = str(len(page.content))
    return HttpAnswer(page.status_code, _headers(page), page.content)


def _length(body: BinaryIO) -> int:
    """Return a body's length: DRF takes one that came in chunks for none."""
    length = body.seek(0, os.SEEK_END)
    body.seek(0)
    return length


def _closed(response: HttpResponseBase) -> HttpAnswer:
    """Return a response as an answer, and close all that is not streamed.

    An error without a page, as Django has some, gets a problem document.
    """
    if response.status_code in problem.NAMES and not _has_page(response):
        page = problem.answer(response.status_code)
        assert isinstance(response, HttpResponse)
        response.content = page.content
        response["Content-Type"] = page["Content-Type"]
        response["Content-Length"] = str(len(page.content))
    status, headers = response.status_code, _headers(response)
    if isinstance(response, StreamingHttpResponse):
        if isinstance(response, FileResponse):
            response.block_size = BLOCK
        close_old_connections()
        return HttpAnswer(status, headers, stream=response)
    assert isinstance(response, HttpResponse)
    body = response.content
    if not response.has_header("Content-Length"):
        headers.append((b"Content-Length", str(len(body)).encode()))
    response.close()
    return HttpAnswer(status, headers, body)


def _has_page(response: HttpResponseBase) -> bool:
    return isinstance(response, StreamingHttpResponse) or bool(
        isinstance(response, HttpResponse) and response.content
    )


def _headers(response: HttpResponseBase) -> Headers:
    headers = [
        (name.encode("ascii"), value.encode("latin-1"))
        for name, value in response.items()
    ]
    for morsel in response.cookies.values():
        headers.append((b"set-cookie", morsel.OutputString().encode("ascii")))
    return headers
