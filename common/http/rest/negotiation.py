"""Which media type an answer has (RFC 9110, 12.5.1)."""

from collections.abc import Iterable, Sequence

from django.http.request import MediaType
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class Negotiation(DefaultContentNegotiation):
    """DRF's own, which does not know that `q=0` means "not acceptable"."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Leave out what the client refuses; raise NotAcceptable if that is all."""
        renderers = list(renderers)
        ranges = [
            MediaType(one) for one in request.headers.get("Accept", "").split(",")
        ]
        left = [
            one for one in renderers if not _is_refused(str(one.media_type), ranges)
        ]
        if not left:
            raise NotAcceptable(available_renderers=renderers)
        chosen: tuple[BaseRenderer, str] = super().select_renderer(
            request, left, format_suffix
        )
        return chosen


def _is_refused(media_type: str, ranges: Sequence[MediaType]) -> bool:
    """Tell whether the most specific range that matches has a quality of nothing."""
    offered = MediaType(media_type)
    matching = [one for one in ranges if offered.match(one)]  # type: ignore[arg-type]
    best = max(matching, key=lambda one: one.specificity, default=None)
    return best is not None and best.quality == 0
