"""When a row is due."""

from django.db.models import Q

from common import clock


def due(by: str, *, furthest: float) -> Q:
    """Return the condition for rows that are due now by the column `by`."""
    return past(by) | too_far(by, furthest=furthest)


def past(by: str) -> Q:
    """Return the condition for rows whose time has come."""
    return Q(**{f"{by}__lte": clock.now()})


def too_far(by: str, *, furthest: float) -> Q:
    """Return the condition for rows further ahead than `furthest` seconds.

    If nobody puts a row off for longer, these were written when the wall clock was
    ahead, and are due: a clock that is set back by an hour must not stop everything
    for an hour.
    """
    return Q(**{f"{by}__gt": clock.after(furthest)})
