"""Carries sagas on: woken by a message, or by the sweeper.

Steps are tried from the top until all are done, a service refuses one, or the deadline
passes. Then they are compensated, until that is done. Retries live here and in no other
layer.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Generic
from uuid import UUID

import structlog
from django.db.models import F, QuerySet

from common import clock
from common.backoff import full_jitter
from common.context import Headers, headers
from common.database import in_db_thread
from common.ops.outage import described, is_outage
from common.rpc.errors import Busy, ContractBroken, NotServed, OutcomeUnknown, Refused
from common.saga import history, leases, transitions
from common.saga.leases import S
from common.saga.sweeper import Sweeper
from common.saga.transitions import StaleRow
from common.together import together

log = structlog.get_logger(__name__)

BACKOFF_BASE = 0.2
BACKOFF_CAP = 5.0
ATTENTION_AFTER = 10
"""Failed attempts in a row at compensating until a person is told, too."""
SAYS_NOTHING = (Busy, NotServed, OutcomeUnknown)
"""Errors of a call that say nothing about the saga: the step is tried again."""
AT_A_TIME = 32
"""Sagas that one worker's sweeper carries on at a time."""


@dataclass(frozen=True, kw_only=True)
class Orchestrator(Generic[S]):
    """What an application declares of its saga."""

    saga: type[S]
    steps: Callable[[S], Awaitable[None]]
    """Does all steps, from the top; the last one ends the saga.

    Raises what a call raises, or StaleRow. Each step can be repeated.
    """
    compensations: Callable[[S], Awaitable[None]]
    """Compensates all steps, known to be done or not, then calls `finish`."""
    compensated: tuple[type[Refused], ...] = ()
    """Refusals that say that this saga's compensation was there before the step."""
    try_later: tuple[type[Refused], ...] = ()
    """Refusals that are no word on the saga, such as a deadline by another clock."""

    async def run(self, key: UUID) -> None:
        """Carry a saga on as far as it will go now, if it is due.

        Raises outages only: what nobody foresaw is one saga's trouble.
        """
        await self._run(key, self._claim)

    async def sweep(self) -> None:
        """Carry on the sagas that are due: a wake-up was lost, or an attempt failed."""
        await self.sweeper.sweep()

    @cached_property
    def sweeper(self) -> Sweeper:
        """Return what takes up the sagas that are due, the longest due first."""
        return Sweeper(
            self.saga._meta.model_name or "",
            self._due,
            by="next_attempt_at",
            pause=lambda: leases.LEASE,
            changes={"attempts": F("attempts") + 1},
            handle=self._run_claimed,
            at_a_time=AT_A_TIME,
        )

    @property
    def _passing(self) -> tuple[type[Exception], ...]:
        return (*self.try_later, *SAYS_NOTHING)

    def _due(self) -> QuerySet[S]:
        return self.saga._default_manager.filter(self.saga.under_way(), leases.is_due())

    async def _run_claimed(self, key: UUID) -> None:
        await self._run(key, self._claimed)

    async def _claim(self, key: UUID) -> S | None:
        return await together(self._claim_all, key)

    async def _claimed(self, key: UUID) -> S | None:
        return await in_db_thread(leases.claimed, self.saga, key)

    @cached_property
    def _claim_all(self) -> Callable[[Sequence[UUID]], list[S | None]]:
        return partial(leases.claim, self.saga)

    async def _run(
        self, key: UUID, take: Callable[[UUID], Awaitable[S | None]]
    ) -> None:
        try:
            row = await take(key)
            while row and await self._carry_on(row):
                row = await self._claim(key)
        except Exception as error:
            if is_outage(error):
                raise
            await self._set_aside(key, error)

    async def _carry_on(self, row: S) -> bool:
        """Try once; return whether the row has changed and is due at once."""
        carried = Headers(
            correlation_id=row.correlation_id,
            traceparent=row.traceparent,
            tracestate=row.tracestate,
            flags=tuple(row.flags),
        )
        with headers(carried), history.gathered(row) as attempts:
            try:
                return await self._try(row)
            finally:
                if attempts.attempts:
                    await in_db_thread(history.write_rest, attempts)

    async def _try(self, row: S) -> bool:
        try:
            if row.status == self.saga.COMPENSATING:
                await self.compensations(row)
            elif row.deadline <= clock.now():
                await in_db_thread(transitions.expire, self.saga, row.pk)
                return True
            else:
                await self.steps(row)
        except self.compensated as refusal:
            return await self._read_again(row, refusal)
        except StaleRow:
            return True
        except self._passing as failure:
            await self._try_later(row, failure)
        except Refused as refusal:
            reason = refusal.as_problem()
            return await in_db_thread(transitions.reject, self.saga, row.pk, reason)
        except ContractBroken as contradiction:
            await self._contradiction(row, contradiction)
        return False

    async def _read_again(self, row: S, refusal: Refused) -> bool:
        """Never start compensating on the word of a service: only the row decides."""
        if await in_db_thread(self._status, row.pk) == self.saga.BEGUN:
            await self._contradiction(row, refusal)
            return False
        return True

    def _status(self, key: UUID) -> str:
        rows = self.saga._default_manager.filter(pk=key)
        status: str = rows.values_list("status", flat=True).get()
        return status

    async def _try_later(self, row: S, failure: Exception) -> None:
        failures = row.failures + 1
        pause = full_jitter(failures, base=BACKOFF_BASE, cap=BACKOFF_CAP)
        if row.status == self.saga.BEGUN:
            left = (row.deadline - clock.now()).total_seconds()
            pause = min(pause, max(left, 0.0))
        elif failures >= ATTENTION_AFTER:
            why = f"compensating fails: {failure}"
            await in_db_thread(leases.flag, self.saga, row.pk, why)
        log.info("saga postponed", failure=described(failure), seconds=round(pause, 2))
        await in_db_thread(leases.postpone, row, pause)

    async def _contradiction(self, row: S, error: Exception) -> None:
        """Flag what the protocol excludes, and let the deadline end it."""
        log.error("contradiction", saga=str(row.pk), error=described(error))
        await in_db_thread(leases.flag, self.saga, row.pk, f"contradiction: {error}")
        await self._try_later(row, error)

    async def _set_aside(self, key: UUID, error: Exception) -> None:
        """A bug met a saga: flag it, say so, and let others go first."""
        why = f"unexpected: {described(error)}"
        failures, is_new = await in_db_thread(leases.set_aside, self.saga, key, why)
        log.error(
            "saga failed",
            saga=str(key),
            error=described(error),
            failures=failures,
            exc_info=error if is_new else None,
        )
