"""Liveness and readiness of a web process."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.urls import path

from common import bus, calls


def live(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database is migrated and the bus within reach, else 503."""
    checks = {
        "database": problem_with_database(),
        "bus": bus.problem_with(settings.BUS_URL) if calls.uses_the_bus() else None,
    }
    problems = {name: problem for name, problem in checks.items() if problem}
    return JsonResponse(
        {"ready": not problems, "problems": problems}, status=503 if problems else 200
    )


def problem_with_database() -> str | None:
    """Return why the database cannot be used, or None if it can."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"{type(error).__name__}: {error}"
    return f"{len(pending)} migrations are not applied" if pending else None


urlpatterns = [path("health/live", live), path("health/ready", ready)]
