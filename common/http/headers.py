"""The headers that every request brings along, and every answer takes back."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.context import Headers, headers
from common.http.card_numbers import is_card_number

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=()"
"""A page of ours asks for nothing of the kind."""
CORRELATION_ID = re.compile(r"[A-Za-z0-9_.:\-]{8,64}")


def carry_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: give the request a correlation id and carry its trace context.

    A well-formed `X-Correlation-ID` of the client is kept; it comes back in the answer.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Correlation-ID", "")
        usable = CORRELATION_ID.fullmatch(given) and not is_card_number(given)
        kept = given if usable else uuid.uuid4().hex
        carried = Headers(
            correlation_id=kept,
            traceparent=request.headers.get("traceparent", "")[:128],
            tracestate=request.headers.get("tracestate", "")[:512],
            flags=tuple(settings.FEATURE_FLAGS),
        )
        with headers(carried):
            response = get_response(request)
        response["X-Correlation-ID"] = kept
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        return response

    return middleware
