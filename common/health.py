"""Liveness and readiness of a web process."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from common import readiness

Answer = Callable[[HttpRequest], HttpResponse]


def answer_for_health(get_response: Answer) -> Answer:
    """Middleware: answer /health/live and /health/ready, whatever the Host header says.

    Whoever watches a process calls it by its address. Neither these questions nor
    their answers are logged; `Readiness` says what changes.
    """
    pages = {"/health/live": live, "/health/ready": ready}

    def middleware(request: HttpRequest) -> HttpResponse:
        return pages.get(request.path_info, get_response)(request)

    return middleware


def live(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database is migrated and the bus within reach, else 503."""
    problems = readiness.recent_problems()
    return JsonResponse(
        {"ready": not problems, "problems": problems}, status=503 if problems else 200
    )
