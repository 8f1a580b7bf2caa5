"""When a row is due."""

from datetime import timedelta

from django.db.models import Q

from common import clock


def due(by: str, *, furthest: float) -> Q:
    """Return the condition for rows that are due now by the column `by`.

    A row further ahead than `furthest` seconds, which is as far as anybody puts one
    off, was written when the wall clock was ahead: it is due, too. Otherwise a clock
    that is set back by an hour would stop everything for an hour.
    """
    now = clock.now()
    ahead = now + timedelta(seconds=furthest)
    return Q(**{f"{by}__lte": now}) | Q(**{f"{by}__gt": ahead})
