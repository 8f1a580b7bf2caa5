"""DRF's exception handler: every error of a view becomes a problem document."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.http.problem import MEDIA_TYPE, NAMES, RETRY_AFTER
from common.http.rest import problems
from common.http.rest.problems import (
    PayloadTooLarge,
    Problem,
    ServiceRefused,
    ServiceUnavailable,
)
from common.ops.outage import described, is_outage
from common.rpc.errors import ContractBroken, Refused, ServiceError, problem_type

log = structlog.get_logger(__name__)

MOST_ERRORS = 20
"""Fields that one answer names."""
LONGEST_NAME = 80
"""Characters of a name that the request chose."""
LONGEST_DETAIL = 500
"""Characters of what an answer says in words."""


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a view with a problem document (DRF's hook)."""
    if isinstance(error, RequestDataTooBig):
        error = PayloadTooLarge("the request body is longer than the API reads")
    elif isinstance(error, ContractBroken):
        log.error("contract broken", error=described(error))
        error = problems.ContractBroken("a service answered what nobody can believe")
    elif isinstance(error, Refused):
        error = ServiceRefused(error)
    elif isinstance(error, ServiceError):
        error = ServiceUnavailable("a service did not answer; try again")
    elif is_outage(error):
        error = ServiceUnavailable("the database did not answer; try again")
    response = exception_handler(error, context)
    if response is None:
        return None
    if response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = RETRY_AFTER
    response.data = _document(error, response)
    response.content_type = MEDIA_TYPE
    return response


def _document(error: Exception, response: Response) -> dict[str, object]:
    code = response.status_code
    document: dict[str, object] = {"status": code}
    if isinstance(error, ServiceRefused):
        return {**error.refusal.as_problem(), **document}
    if isinstance(error, Problem):
        name, title, detail = type(error).__name__, error.title, str(error.detail)
        document |= error.extras
    elif isinstance(error, exceptions.ValidationError):
        name, title = "InvalidRequest", "The request is not valid"
        errors = list(islice(_field_errors(error.detail, ""), MOST_ERRORS))
        detail = "; ".join(f"{e['field']}: {e['detail']}" for e in errors)
        document["errors"] = errors
    else:
        name, title = NAMES.get(code, ("Error", "The request failed"))
        detail = str(getattr(error, "detail", title))
    detail = _cut(detail, LONGEST_DETAIL)
    return {"type": problem_type(name), "title": title, "detail": detail, **document}


def _cut(text: str, longest: int) -> str:
    """Return the text with at most so many characters: answers are not echoes."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _field_errors(detail: Any, path: str) -> Iterator[dict[str, str]]:
    """Flatten DRF's nested errors into field paths such as `lines[0].quantity`."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            if key == "non_field_errors":
                yield from _field_errors(value, path)
            elif isinstance(key, int):
                yield from _field_errors(value, f"{path}[{key}]")
            else:
                name = _cut(str(key), LONGEST_NAME)
                yield from _field_errors(value, f"{path}.{name}" if path else name)
    elif isinstance(detail, list) and any(isinstance(d, dict) for d in detail):
        for index, value in enumerate(detail):
            yield from _field_errors(value, f"{path}[{index}]")
    elif isinstance(detail, list):
        for value in detail:
            yield _field_error(path, value)
    else:
        yield _field_error(path, detail)


def _field_error(path: str, detail: Any) -> dict[str, str]:
    return {"field": path or "body", "detail": _cut(str(detail), LONGEST_DETAIL)}
