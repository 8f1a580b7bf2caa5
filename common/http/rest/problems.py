"""The problems (RFC 9457) that views raise; `common/http/problem.py` has the others."""

from typing import Any

from rest_framework import exceptions, serializers, status

from common.rpc.errors import Refused


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


class FieldError(serializers.Serializer[Any]):
    """What is wrong with one field of a request."""

    field = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem document (RFC 9457); docs/problems.md lists the types."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField()
    errors = FieldError(  # type: ignore[assignment]
        many=True, required=False, help_text="the fields of a bad request"
    )
