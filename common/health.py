"""Liveness and readiness of a web process."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from common import readiness


def live(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database is migrated and the bus within reach, else 503."""
    problems = readiness.problems()
    return JsonResponse(
        {"ready": not problems, "problems": problems}, status=503 if problems else 200
    )


urlpatterns = [path("health/live", live), path("health/ready", ready)]
