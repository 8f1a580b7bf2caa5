"""What OPTIONS tells about a view."""

from typing import TYPE_CHECKING, Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module


class NameAndDescription(BaseMetadata):
    """The view's name and description; fields and their choices stand in the schema."""

    def determine_metadata(self, request: Request, view: "APIView") -> dict[str, Any]:
        """Return the body of the answer."""
        return {
            "name": view.get_view_name(),
            "description": view.get_view_description(),
        }
