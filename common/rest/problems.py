"""Errors as problem documents (RFC 9457, application/problem+json).

`type` is a stable URN: urn:cutpoints:problem:<slug>. docs/problems.md lists them.
"""

import sys
from typing import Any

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, serializers, status

from common.errors import Refused, problem_type
from common.outage import is_outage

RETRY_AFTER = "2"
"""Seconds; RFC 9110, section 10.2.3."""
MEDIA_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """An error of the API with a type of its own, named like `KeyReused`."""

    status_code: int = status.HTTP_400_BAD_REQUEST
    title = "Bad request"

    def __init__(self, detail: str, **extras: object) -> None:
        super().__init__(detail)
        self.extras = extras


class PayloadTooLarge(Problem):
    """The body is longer than the API reads."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    title = "The request body is too large"


class ServiceUnavailable(Problem):
    """A service behind the API did not answer."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    title = "A service is not available"


class ContractBroken(Problem):
    """A service behind the API answered what it must not; do not ask again."""

    status_code = status.HTTP_502_BAD_GATEWAY
    title = "A service broke its contract"


class ServiceRefused(exceptions.APIException):
    """A service behind the API said no, with a problem document of its own."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal.detail())
        self.refusal = refusal


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem document (RFC 9457); `errors` names the fields of a bad request."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.DictField(child=serializers.CharField()), required=False
    )


NAMES = {
    400: ("MalformedBody", "The body cannot be read"),
    401: ("NotAuthenticated", "Authentication is needed"),
    403: ("Forbidden", "This is not allowed"),
    404: ("NotFound", "There is no such thing here"),
    405: ("MethodNotAllowed", "The method is not allowed here"),
    406: ("NotAcceptable", "The API answers with JSON"),
    411: ("LengthRequired", "Send the body's Content-Length"),
    413: ("PayloadTooLarge", "The request body is too large"),
    415: ("UnsupportedMediaType", "The API reads JSON"),
    421: ("MisdirectedRequest", "This host is not served here"),
    429: ("TooManyRequests", "Too many requests"),
    500: ("ServerError", "The server failed"),
    503: ("ServiceUnavailable", "A service is not available"),
}


def page(
    request: HttpRequest, exception: Exception | None = None, *, code: int
) -> HttpResponse:
    """Answer what Django answers outside of DRF's views with a problem document."""
    name, title = NAMES[code]
    return JsonResponse(
        {"type": problem_type(name), "title": title, "status": code, "detail": title},
        status=code,
        content_type=MEDIA_TYPE,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400; 413 for a form too long, 421 for a foreign Host."""
    match exception:
        case RequestDataTooBig():
            return page(request, exception, code=413)
        case DisallowedHost():
            return page(request, code=421)
        case _:
            return page(request, exception, code=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return page(request, exception, code=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return page(request, exception, code=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; 503 if the database is to blame."""
    if is_outage(sys.exception()):
        answer = page(request, code=503)
        answer["Retry-After"] = RETRY_AFTER
        return answer
    return page(request, code=500)
