"""Taking a saga up, and giving it back.

`next_attempt_at` is when a saga is due, and the lease at the same time: whoever takes
one up moves it ahead, for longer than an attempt takes. Two that carry on one saga do
no harm; the lease only saves work.
"""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from django.db.models import F, Q, QuerySet

from common import clock, sql
from common.backoff import full_jitter
from common.database import retried_transaction
from common.saga.due import due
from common.saga.models import ATTENTION, Saga

S = TypeVar("S", bound=Saga)

LEASE = 12.0
"""Seconds for which one that carries a saga on has it to itself."""
SET_ASIDE = 5.0
"""Seconds, at most, that a saga waits after a bug met it."""


def is_due() -> Q:
    """Return the condition for sagas that may be taken up now."""
    return due("next_attempt_at", furthest=LEASE + SET_ASIDE)


@retried_transaction
def claim(saga: type[S], keys: Sequence[UUID]) -> list[S | None]:
    """Take the leases of sagas that are due, and return their rows; None for others."""
    found = sql.objects(
        saga,
        f"""
        UPDATE {saga._meta.db_table}
        SET attempts = attempts + 1, next_attempt_at = %(lease)s
        WHERE {saga._meta.pk.column} IN (VALUES {{rows}})
          AND status IN (%(begun)s, %(compensating)s)
          AND (next_attempt_at <= %(now)s OR next_attempt_at > %(too_far)s)
        RETURNING {{columns}}
        """,  # noqa: S608 ours
        [(key,) for key in sorted(set(keys))],
        lease=clock.after(LEASE),
        begun=saga.BEGUN,
        compensating=saga.COMPENSATING,
        now=clock.now(),
        too_far=clock.after(LEASE + SET_ASIDE),
    )
    saga.load(found)
    rows = {row.pk: row for row in found}
    return [rows.pop(key, None) for key in keys]


def claimed(saga: type[S], key: UUID) -> S | None:
    """Return the row of a saga whose lease was taken; None if it has ended since."""
    rows = list(saga._default_manager.filter(saga.under_way(), pk=key))
    saga.load(rows)
    return rows[0] if rows else None


@retried_transaction
def postpone(row: Saga, seconds: float) -> None:
    """Give the lease back after a failure, to be due again in so many seconds.

    A lease that somebody else took meanwhile (`attempts` has changed) is left alone.
    """
    _under_way(type(row), row.pk).filter(attempts=row.attempts).update(
        failures=F("failures") + 1, next_attempt_at=clock.after(seconds)
    )


@retried_transaction
def set_aside(saga: type[Saga], key: UUID, why: str) -> tuple[int, bool]:
    """Flag a saga that met a bug and have it wait, the longer the more often.

    Whoever has the lease does not matter. Returns how often in a row it has failed,
    and whether `why` is news.
    """
    row, why = _row(saga, key), why[:ATTENTION]
    known = row.filter(needs_attention=True, attention=why).exists()
    row.update(needs_attention=True, attention=why, failures=F("failures") + 1)
    failures = row.values_list("failures", flat=True).first() or 1
    pause = full_jitter(failures, base=SET_ASIDE / 2, cap=SET_ASIDE)
    under_way = _under_way(saga, key)
    under_way.update(next_attempt_at=clock.after(SET_ASIDE / 2 + pause / 2))
    return failures, not known


@retried_transaction
def retry(saga: type[Saga], key: UUID) -> bool:
    """Make a saga that is under way due at once; only an operator asks for it.

    Forgets its failures and its flag, and breaks a lease.
    """
    again = {"failures": 0, "needs_attention": False, "attention": ""}
    return _under_way(saga, key).update(next_attempt_at=clock.now(), **again) == 1


def flag(saga: type[Saga], key: UUID, why: str) -> bool:
    """Mark a saga for a person's attention; it goes on. False if it is unknown."""
    return _row(saga, key).update(needs_attention=True, attention=why[:ATTENTION]) == 1


def acknowledge(saga: type[Saga], key: UUID) -> bool:
    """Take the flag off a saga that a person has looked at. False if unknown."""
    return _row(saga, key).update(needs_attention=False, attention="") == 1


def _row(saga: type[Saga], key: UUID) -> QuerySet[Saga]:
    return saga._default_manager.filter(pk=key)


def _under_way(saga: type[Saga], key: UUID) -> QuerySet[Saga]:
    return _row(saga, key).filter(saga.under_way())
