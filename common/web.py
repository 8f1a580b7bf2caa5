"""What the web processes share: the ASGI entrance and the headers of a request."""

import re
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from common import calls
from common.context import Headers, headers
from common.outage import is_outage

log = structlog.get_logger(__name__)
Application = Callable[..., Awaitable[Any]]
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=()"
"""A page of ours asks for nothing of the kind."""
LONG_NUMBER = re.compile(r"\d{13,}")
"""It may be a card's, sent to the wrong place."""
CORRELATION_ID = re.compile(r"[A-Za-z0-9_.:\-]{8,64}")


def on_the_process_loop(application: Application) -> Application:
    """Wrap an ASGI application so that `call_sync` in its views uses this loop."""

    async def wrapped(*args: Any, **kwargs: Any) -> None:
        calls.bind()
        await application(*args, **kwargs)

    return wrapped


def carry_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: give the request a correlation id and carry its trace context.

    A well-formed `X-Correlation-ID` of the client is kept; it comes back in the answer.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Correlation-ID", "")
        kept = given if CORRELATION_ID.fullmatch(given) else uuid.uuid4().hex
        carried = Headers(
            correlation_id=kept,
            traceparent=request.headers.get("traceparent", "")[:128],
            tracestate=request.headers.get("tracestate", "")[:512],
            flags=tuple(settings.FEATURE_FLAGS),
        )
        started = time.perf_counter()
        with headers(carried):
            response = get_response(request)
            log.info(
                "http",
                method=request.method,
                path=LONG_NUMBER.sub("…", request.path),
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
        response["X-Correlation-ID"] = kept
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        return response

    return middleware


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400 where there are pages only; 413 for a form too long."""
    answer = defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        answer.status_code = 413
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500 where there are pages only; 503 for a lost database."""
    if not is_outage(sys.exception()):
        return defaults.server_error(request)
    text = "The database did not answer. Try again."
    answer = HttpResponse(text, status=503, content_type="text/plain")
    answer["Retry-After"] = "2"
    return answer
