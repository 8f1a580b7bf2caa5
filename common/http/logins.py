"""Wrong logins: who sends too many of them is locked out for a while.

django-axes counts them in the database, for the pages of the admin, of the session and
for `POST /api/token` alike; so all processes of a service know, with or without a bus.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.http import problem


def locked_out(
    request: HttpRequest, response: HttpResponse, credentials: object
) -> HttpResponse:
    """Return the answer to who is locked out (django-axes' hook)."""
    refusal = problem.answer(429, "too many wrong logins; wait, then try again")
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    refusal["Retry-After"] = str(seconds)
    return refusal


def no_name(request: HttpRequest, credentials: object) -> str:
    """Keep no name with a wrong login: people type their password there, too."""
    return ""
