"""Views of Django REST framework that wait without holding a thread."""

from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.http.later import later

T = TypeVar("T")


class Waiting(APIView):
    """A view whose methods may return `self.later(…)`."""

    def later(
        self,
        request: Request,
        wait: Callable[[], Coroutine[Any, Any, T]],
        *,
        then: Callable[[T], Response],
        early: tuple[T] | None = None,
    ) -> HttpResponseBase:
        """Answer with what `then` makes of the wait's result, in a thread.

        `early` is the result of a wait that has to end early, see `common.http.later`.
        What `wait` or `then` raises becomes a problem document, as in any view.
        """

        def finish(outcome: Future[T]) -> HttpResponseBase:
            try:
                response = then(outcome.result())
            except Exception as error:
                response = self.handle_exception(error)
            self.finalize_response(request, response)
            response.render()
            return response

        return later(request._request, wait, finish, early)
