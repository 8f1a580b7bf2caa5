"""Pages of a customer's orders."""

from datetime import UTC, datetime
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Pages that stay put while orders come in."""

    page_size = 20
    ordering = ("-placed_at", "-id")

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page, with addresses of pages as examples."""
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            described["properties"][name] = {
                "type": ["string", "null"],
                "format": "uri",
                "example": "https://shop.example/api/orders?cursor=cD0yMDI2",
            }
        return described

    def decode_cursor(self, request: Request) -> Any:
        """Return where to go on; a place that is no time of an order is a 404."""
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        try:
            position = str(_aware(str(cursor.position)))
        except (ValueError, OverflowError):
            raise NotFound(self.invalid_cursor_message) from None
        return cursor._replace(position=position)  # type: ignore[arg-type]


def _aware(text: str) -> datetime:
    """Read a time in ISO 8601; raise ValueError or OverflowError without its zone."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError
    return when.astimezone(UTC)
