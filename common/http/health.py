"""Liveness and readiness of a web process, answered by its event loop.

Whoever watches a process calls it by its address, so the Host header does not matter;
and it is answered while all threads are busy. Neither these questions nor their
answers are logged; `Readiness` says what changes.
"""

from django.http import HttpResponse, JsonResponse

from common.http import problem
from common.ops.readiness import LOOK_AT_MOST_EVERY, Readiness, in_short


class Health:
    """Answers /health/live and /health/ready."""

    def __init__(self) -> None:
        self._readiness = Readiness(of_web=True, at_most_every=LOOK_AT_MOST_EVERY)

    async def page(self, method: str, path: str) -> HttpResponse | None:
        """Return the page at a path, or None if it is not one of these."""
        if path not in {"/health/live", "/health/ready"}:
            return None
        if method not in {"GET", "HEAD"}:
            refusal = problem.answer(405)
            refusal["Allow"] = "GET, HEAD"
            return refusal
        return _live() if path == "/health/live" else await self._ready()

    async def _ready(self) -> HttpResponse:
        """Answer 200 if this process can do its work, else 503; and what is wrong.

        Anybody may ask, so the details stand in the log alone.
        """
        problems = await self._readiness.problems()
        ready = self._readiness.is_ready(problems)
        return JsonResponse(
            {"ready": ready, "problems": in_short(problems)},
            status=200 if ready else 503,
        )


def _live() -> HttpResponse:
    return JsonResponse({"live": True})
