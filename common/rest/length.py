"""Bodies of unknown length, which Django REST framework would take for none."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from common.rest import problems


def required(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: answer 411 (RFC 9110, section 15.5.12) to a chunked body."""

    def middleware(request: HttpRequest) -> HttpResponse:
        chunked = "Transfer-Encoding" in request.headers
        if chunked and not request.META.get("CONTENT_LENGTH"):
            return problems.page(request, code=411)
        return get_response(request)

    return middleware
