"""Serializer pieces that take the client at its word."""

import heapq
from typing import Any

from rest_framework import serializers

MOST = 20
"""Unknown fields of one object that are named in an answer."""


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction: "2", 2.0 and true are errors."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number, or raise ValidationError."""
        if type(data) is not int:
            raise serializers.ValidationError("expected a whole number")
        return super().to_internal_value(data)


class StrictCharField(serializers.CharField):
    """A JSON string of one line: numbers and control characters are errors."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text, or raise ValidationError."""
        if not isinstance(data, str):
            raise serializers.ValidationError("expected a string")
        if not data.isprintable():
            raise serializers.ValidationError("expected printable characters")
        return super().to_internal_value(data)


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
