"""What holds for every answer of a web process, whichever view gave it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from common.http import problem

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


def errors_are_told(get_response: GetResponse) -> GetResponse:
    """Middleware: an error without a word becomes a problem document.

    Django's own views answer a method that they lack with nothing.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        empty = isinstance(response, HttpResponse) and not response.content
        if not empty or response.status_code not in problem.NAMES:
            return response
        told = problem.answer(response.status_code)
        for name, value in response.items():
            if name not in {"Content-Type", "Content-Length"}:
                told[name] = value
        told.cookies.update(response.cookies)
        return told

    return middleware


def rate_limit(get_response: GetResponse) -> GetResponse:
    """Middleware: tell clients what is left of their limit, where one was counted.

    `common.http.rest.throttling` notes it at the request.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if told := getattr(request, "rate_limit", None):
            response["RateLimit-Policy"], response["RateLimit"] = told
        return response

    return middleware
