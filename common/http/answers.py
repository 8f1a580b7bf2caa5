"""What holds for every answer of a web process, whichever view gave it."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def no_store(get_response: GetResponse) -> GetResponse:
    """Middleware: `Cache-Control: no-store` (RFC 9111) unless the answer has its own.

    Tokens, personal data and errors about them stay out of every cache. Static files
    may be kept, and say so themselves.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def head_as_get(get_response: GetResponse) -> GetResponse:
    """Middleware: HEAD is answered as GET is, without the body (RFC 9110, 9.3.2).

    No view behind it sees a HEAD, so none can treat it otherwise than GET.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method != "HEAD":
            return get_response(request)
        request.method = "GET"
        response = get_response(request)
        request.method = "HEAD"
        return response  # the entrance sends no body for it

    return middleware
