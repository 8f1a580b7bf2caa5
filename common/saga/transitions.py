"""Status transitions of a saga, each one a conditional update.

If an update changes no row, another process changed the status first: reload the row
and decide again. A saga is compensated only after that was written down.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from common import clock, sql
from common.database import retried_transaction
from common.rpc.errors import problem_type
from common.saga import history
from common.saga.models import Saga
from common.saga.signals import status_changed


class StaleRow(Exception):
    """The row has changed since it was read: read it again and decide again."""


Condition = tuple[str, datetime]
"""What else must hold of the row, such as ("deadline <=", now)."""
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
    overdue = "deadline <=", clock.now()
    return compensate(saga, key, saga.BEGUN, saga.EXPIRED, DEADLINE_PASSED, overdue)


@retried_transaction
def finish_compensation(saga: type[Saga], key: UUID) -> bool:
    """compensating → its outcome; only after all compensations were done."""
    compensating = saga._default_manager.filter(pk=key, status=saga.COMPENSATING)
    outcome = compensating.values_list("outcome", flat=True).first()
    if outcome is None:
        return False
    return bool(change(saga, {key: None}, saga.COMPENSATING, outcome))


def compensate(
    saga: type[Saga],
    key: UUID,
    start: str,
    outcome: str,
    reason: Mapping[str, object],
    condition: Condition | None = None,
) -> bool:
    """Make a saga compensate from now on, and end in `outcome`; in a transaction."""
    changed = change(
        saga,
        {key: None},
        start,
        saga.COMPENSATING,
        condition=condition,
        note=str(reason["detail"])[:200],
        outcome=outcome,
        reason=dict(reason),
        failures=0,
        next_attempt_at=clock.now(),
    )
    return bool(changed)


def change(
    saga: type[Saga],
    passes: Mapping[UUID, history.Pass | None],
    start: str,
    end: str,
    *,
    condition: Condition | None = None,
    note: str = "",
    step: str = "",
    **changes: object,
) -> set[UUID]:
    """Change the status of sagas that still are in `start`, and record it.

    `passes` has the sagas' keys, and what `history.record` does with them; `step` is
    the name of a step that this is. Returns the keys of those that were changed. Called
    in a transaction.
    """
    assert (start, end) in saga.TRANSITIONS
    started = time.perf_counter()
    if end not in {saga.BEGUN, saga.COMPENSATING}:
        changes["next_attempt_at"] = None
    changes["status"] = end
    text, compared = condition or ("", None)
    key = saga._meta.pk.column
    found = sql.run(
        f"""
        UPDATE {saga._meta.db_table}
        SET {", ".join(f"{column} = %({column})s" for column in changes)}
        WHERE {key} IN (VALUES {{rows}}) AND status = %(start)s
        {f"AND {text} %(compared)s" if text else ""}
        RETURNING {key}
        """,  # noqa: S608 ours
        [(one,) for one in sorted(passes)],
        start=start,
        compared=compared,
        **changes,
    )
    changed = {sql.uuid_of(one) for (one,) in found}
    own = history.own_step(saga, step, started) if step else None
    won = {one: passes[one] for one in changed}
    history.record(saga, won, start, end, note, step=own)
    told = {str(one): end for one in changed}
    tell = partial(status_changed.send_robust, saga, changed=told)
    transaction.on_commit(tell)
    return changed
