"""Status transitions of a saga, each one a conditional update.

If an update changes no row, another process changed the status first: reload the row
and decide again. A saga is compensated only after that was written down.
"""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Q

from common import clock
from common.database import retried_transaction
from common.rpc.errors import problem_type
from common.saga import history
from common.saga.models import Saga


class StaleRow(Exception):
    """The row has changed since it was read: read it again and decide again."""


DEADLINE_PASSED = {
    "type": problem_type("DeadlinePassed"),
    "title": "Not finished in time",
    "detail": "the deadline passed before all services had done their part",
}


@retried_transaction
def reject(saga: type[Saga], key: UUID, reason: Mapping[str, object]) -> bool:
    """Begin to compensate, for the reason (a problem) that a service or a rule gave."""
    return compensate(saga, key, saga.BEGUN, saga.REJECTED, reason)


@retried_transaction
def expire(saga: type[Saga], key: UUID) -> bool:
    """Begin to compensate if the deadline has passed."""
    overdue = Q(deadline__lte=clock.now())
    return compensate(saga, key, saga.BEGUN, saga.EXPIRED, DEADLINE_PASSED, overdue)


@retried_transaction
def finish_compensation(saga: type[Saga], key: UUID) -> bool:
    """compensating → its outcome; only after all compensations were done."""
    compensating = saga._default_manager.filter(pk=key, status=saga.COMPENSATING)
    outcome = compensating.values_list("outcome", flat=True).first()
    return outcome is not None and change(saga, key, saga.COMPENSATING, outcome)


def compensate(
    saga: type[Saga],
    key: UUID,
    start: str,
    outcome: str,
    reason: Mapping[str, object],
    condition: Q | None = None,
) -> bool:
    """Make a saga compensate from now on, and end in `outcome`; in a transaction."""
    return change(
        saga,
        key,
        start,
        saga.COMPENSATING,
        condition=condition,
        note=str(reason["detail"])[:200],
        outcome=outcome,
        reason=reason,
        failures=0,
        next_attempt_at=clock.now(),
    )


def change(
    saga: type[Saga],
    key: UUID,
    start: str,
    end: str,
    *,
    condition: Q | None = None,
    note: str = "",
    **changes: object,
) -> bool:
    """Change the status if it still is `start`, and record it; in a transaction."""
    assert (start, end) in saga.TRANSITIONS
    if end not in {saga.BEGUN, saga.COMPENSATING}:
        changes["next_attempt_at"] = None
    row = saga._default_manager.filter(condition or Q(), pk=key, status=start)
    if not row.update(status=end, **changes):
        return False
    history.record(saga, key, start, end, note)
    return True
