"""Errors as problem documents (RFC 9457, application/problem+json).

`type` is a stable URN: urn:cutpoints:problem:<slug>. docs/problems.md lists them.
"""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.errors import ServiceError, problem_type

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


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem document (RFC 9457); `errors` names the fields of a bad request."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.DictField(child=serializers.CharField()), required=False
    )


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a view with a problem document (DRF's hook)."""
    if isinstance(error, RequestDataTooBig):
        error = PayloadTooLarge("the request body is longer than the API reads")
    elif isinstance(error, ServiceError):
        error = ServiceUnavailable("a service did not answer; try again")
    elif isinstance(error, OperationalError):
        error = ServiceUnavailable("the database did not answer; try again")
    response = exception_handler(error, context)
    if response is None:
        return None
    if response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = "2"
    response.data = _document(error, response)
    response.content_type = MEDIA_TYPE
    return response


def _document(error: Exception, response: Response) -> dict[str, object]:
    code = response.status_code
    document: dict[str, object] = {"status": code}
    if isinstance(error, Problem):
        name, title, detail = type(error).__name__, error.title, str(error.detail)
        document |= error.extras
    elif isinstance(error, exceptions.ValidationError):
        name, title = "InvalidRequest", "The request is not valid"
        errors = list(_field_errors(error.detail, ""))
        detail = "; ".join(f"{e['field']}: {e['detail']}" for e in errors)
        document["errors"] = errors
    else:
        name, title = NAMES.get(code, ("Error", "The request failed"))
        detail = str(getattr(error, "detail", title))
    return {"type": problem_type(name), "title": title, "detail": detail, **document}


NAMES = {
    400: ("MalformedBody", "The body cannot be read"),
    401: ("NotAuthenticated", "Authentication is needed"),
    403: ("Forbidden", "This is not allowed"),
    404: ("NotFound", "There is no such thing here"),
    405: ("MethodNotAllowed", "The method is not allowed here"),
    406: ("NotAcceptable", "The API answers with JSON"),
    415: ("UnsupportedMediaType", "The API reads JSON"),
    429: ("TooManyRequests", "Too many requests"),
    500: ("ServerError", "The server failed"),
}


def _field_errors(detail: Any, path: str) -> Iterator[dict[str, str]]:
    """Flatten DRF's nested errors into field paths such as `lines[0].quantity`."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            if key == "non_field_errors":
                yield from _field_errors(value, path)
            elif isinstance(key, int):
                yield from _field_errors(value, f"{path}[{key}]")
            else:
                yield from _field_errors(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list) and any(isinstance(d, dict) for d in detail):
        for index, value in enumerate(detail):
            yield from _field_errors(value, f"{path}[{index}]")
    elif isinstance(detail, list):
        for value in detail:
            yield {"field": path or "body", "detail": str(value)}
    else:
        yield {"field": path or "body", "detail": str(detail)}


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
    """Django's handler400."""
    return page(request, exception, code=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return page(request, exception, code=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return page(request, exception, code=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return page(request, code=500)
