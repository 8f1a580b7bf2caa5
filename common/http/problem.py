"""Errors as problem documents (RFC 9457), for what is answered outside of a view.

`type` is a stable URN: urn:cutpoints:problem:<slug>. docs/problems.md lists them.
"""

import sys

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse

from common.ops.outage import is_outage
from common.rpc.errors import problem_type

RETRY_AFTER = "2"
"""Seconds; RFC 9110, section 10.2.3."""
MEDIA_TYPE = "application/problem+json"

NAMES = {
    400: ("MalformedBody", "The request cannot be read"),
    401: ("NotAuthenticated", "Authentication is needed"),
    403: ("Forbidden", "This is not allowed"),
    404: ("NotFound", "There is no such thing here"),
    405: ("MethodNotAllowed", "The method is not allowed here"),
    406: ("NotAcceptable", "The API answers with JSON"),
    408: ("RequestTimeout", "The request did not arrive in time"),
    411: ("LengthRequired", "Send the body's Content-Length"),
    413: ("PayloadTooLarge", "The request body is too large"),
    414: ("UriTooLong", "The address is too long"),
    415: ("UnsupportedMediaType", "The API reads JSON"),
    421: ("MisdirectedRequest", "This host is not served here"),
    429: ("TooManyRequests", "Too many requests"),
    431: ("HeadersTooLarge", "The request's headers are too large"),
    500: ("ServerError", "The server failed"),
    501: ("NotImplemented", "There is no such method here"),
    503: ("ServiceUnavailable", "A service is not available"),
}


def answer(code: int, detail: str = "") -> HttpResponse:
    """Return a problem document with a status; `detail` says what is expected."""
    name, title = NAMES[code]
    response = JsonResponse(
        {
            "type": problem_type(name),
            "title": title,
            "status": code,
            "detail": detail or title,
        },
        status=code,
        content_type=MEDIA_TYPE,
    )
    if code == 503:
        response["Retry-After"] = RETRY_AFTER
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400; 413 for a form too long, 421 for a foreign Host."""
    match exception:
        case RequestDataTooBig():
            return answer(413)
        case DisallowedHost():
            return answer(421)
        case _:
            return answer(400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return answer(403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return answer(403, "the CSRF token is missing or wrong: load the page again")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return answer(404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; 503 if the database is to blame."""
    if is_outage(sys.exception()):
        return answer(503, "the database did not answer; try again")
    return answer(500)
