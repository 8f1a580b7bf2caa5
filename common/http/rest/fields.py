"""Serializer pieces that take the client at its word."""

import heapq
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from rest_framework import serializers

from common.contracts.values import PRINTABLE

MOST = 20
"""Unknown fields of one object that are named in an answer."""


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction, as JSON Schema has it: "2" and true are errors.

    2.0 is 2: JSON itself makes no difference.
    """

    def to_internal_value(self, data: Any) -> int:
        """Return the number, or raise ValidationError."""
        if type(data) is float and data.is_integer() and abs(data) <= 2**53:
            data = int(data)
        if type(data) is not int:
            raise serializers.ValidationError("expected a whole number")
        return super().to_internal_value(data)


WORD = {
    "pattern": r"^[!-~]*\Z",
    "expected": "printable characters of ASCII, without spaces",
}
"""What a name or a token looks like."""


class StrictCharField(serializers.CharField):
    """A JSON string of one line, as it is: numbers and control characters are errors.

    `pattern` is a regular expression for all of it, and stands in the schema, too;
    `expected` says the same in words.
    """

    def __init__(
        self,
        *,
        pattern: str = PRINTABLE,
        expected: str = "printable characters",
        **options: Any,
    ) -> None:
        super().__init__(**{"trim_whitespace": False, **options})
        validators = [one for one in self.validators if not _is_about_nul(one)]
        self.validators = [*validators, RegexValidator(pattern, f"expected {expected}")]

    def to_internal_value(self, data: Any) -> str:
        """Return the text, or raise ValidationError."""
        if not isinstance(data, str):
            raise serializers.ValidationError("expected a string")
        return super().to_internal_value(data)


def _is_about_nul(validator: object) -> bool:
    """Tell whether a validator refuses NUL, which no pattern here lets through."""
    return isinstance(validator, ProhibitNullCharactersValidator)


class ShortListField(serializers.ListField):
    """A list that is refused for its length before any of its items is looked at."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the items, or raise ValidationError."""
        most = self.max_length
        if isinstance(data, list) and most is not None and len(data) > most:
            self.fail("max_length", max_length=most)
        return super().to_internal_value(data)


class StrictSerializer(serializers.Serializer[Any]):
    """A body whose unknown fields are errors; so are those that only come out."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated fields, or raise ValidationError naming each bad one."""
        taken = {name for name, field in self.fields.items() if not field.read_only}
        unknown = set(data) - taken if isinstance(data, dict) else set()
        if unknown:
            raise serializers.ValidationError(
                {name: ["unknown field"] for name in heapq.nsmallest(MOST, unknown)}
            )
        return super().to_internal_value(data)
