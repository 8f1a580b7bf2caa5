"""Takes up rows that are due, none of them at another's expense.

A row is postponed before anything is done with it, in the transaction that takes it. So
a row that fails, hangs or kills the process keeps no others waiting, and two workers
do not take the same. Only keys are read here: a row that cannot be read is nobody
else's trouble either.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import connections
from django.db.models import Count, F, Min, QuerySet

from common import clock
from common.database import in_db_thread, retried_transaction
from common.ops.outage import described, is_outage

log = structlog.get_logger(__name__)

SWEEP_FOR = 5.0
"""Seconds after which a sweep takes up nothing more; the next one goes on."""


@dataclass(frozen=True)
class Backlog:
    """How many rows are due, and since when (seconds) the oldest is."""

    rows: int
    oldest: float


class Sweeper:
    """What one periodic job does with each row that is due, whatever that raises."""

    def __init__(
        self,
        name: str,
        due: Callable[[], QuerySet[Any]],
        *,
        by: str,
        pause: Callable[[], float],
        handle: Callable[..., Awaitable[None]],
        changes: Mapping[str, Any] | None = None,
        at_a_time: int = 8,
        longest: float | None = None,
    ) -> None:
        """Set it up.

        `due` returns the rows that are due now, by the column `by`. One that is taken
        is due again in `pause` seconds, and gets the other `changes`. `handle` gets its
        key, and what `sweep` got; it may take `longest` seconds, since who is asked
        about a row may hang.
        """
        self._name = name
        self._due = due
        self._by = by
        self._pause = pause
        self._handle = handle
        self._changes = changes or {}
        self.at_a_time = at_a_time
        self.longest = longest
        self._said: set[type[Exception]] = set()

    async def sweep(self, *more: Any) -> None:
        """Handle the rows that are due, some at a time, the longest due first.

        Raises what is away, after all had their turn; a bug is logged, with its
        traceback once for each kind.
        """
        loop = asyncio.get_running_loop()
        give_up = loop.time() + SWEEP_FOR
        at_work: set[asyncio.Task[Exception | None]] = set()
        outages: list[Exception] = []
        go_on = True
        while go_on or at_work:
            room = self.at_a_time - len(at_work)
            if go_on and room:
                keys = await in_db_thread(self._take, room)
                go_on = len(keys) == room and loop.time() < give_up
                at_work |= {asyncio.create_task(self._one(key, *more)) for key in keys}
            if at_work:
                done, at_work = await asyncio.wait(
                    at_work, return_when=asyncio.FIRST_COMPLETED
                )
                outages += [error for one in done if (error := one.result())]
        if outages:
            raise outages[0]

    def backlog(self) -> Backlog:
        """Return what is due now, and not taken."""
        found = self._due().aggregate(rows=Count("pk"), since=Min(self._by))
        since = found["since"]
        waited = (clock.now() - since).total_seconds() if since else 0.0
        return Backlog(found["rows"], waited)

    def _take(self, most: int) -> list[Any]:
        """Postpone the rows that are due longest; return their keys.

        Mostly none is due, and then no transaction begins, so no writer has to wait.
        """
        return self._postpone(most) if self._due().exists() else []

    @retried_transaction
    def _postpone(self, most: int) -> list[Any]:
        due = self._due().order_by(F(self._by).asc(nulls_first=True))
        if connections[due.db].features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        keys = list(due.values_list("pk", flat=True)[:most])
        later = {**self._changes, self._by: clock.after(self._pause())}
        if keys:
            due.model._default_manager.filter(pk__in=keys).update(**later)
        return keys

    async def _one(self, key: Any, *more: Any) -> Exception | None:
        """Handle a row; return what is away, if that is why it failed."""
        try:
            async with asyncio.timeout(self.longest):
                await self._handle(key, *more)
        except Exception as error:
            if is_outage(error):
                return error
            new = type(error) not in self._said
            self._said.add(type(error))
            log.error(
                f"{self._name} failed",
                key=str(key),
                error=described(error),
                exc_info=error if new else None,
            )
        return None
