"""Rows that a periodic job takes up one by one, none of them at another's expense."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

import structlog

from common.database import in_db_thread
from common.ops.outage import described, is_outage

log = structlog.get_logger(__name__)
T = TypeVar("T")

ROW_WITHIN = 10.0
"""Seconds that one row may take: who is asked about it may hang."""


class Sweep(Generic[T]):
    """What one job does with each of its rows, whatever that raises."""

    def __init__(
        self, what: str, put_off: Callable[[T], None], name: Callable[[T], object]
    ) -> None:
        """Set it up: `put_off` moves a row back in its line, in one transaction."""
        self._what = what
        self._put_off = put_off
        self._name = name
        self._said: set[type[Exception]] = set()

    async def over(
        self, rows: Iterable[T], handle: Callable[[T], Awaitable[None]]
    ) -> None:
        """Handle the rows in order; each leaves the head of the line before anything.

        So a row that fails, hangs or kills the process never keeps the rows behind it
        waiting. Raises what is away, after all rows had their turn; a bug is logged,
        with its traceback once for each kind.
        """
        outages = []
        for row in rows:
            if not await self._leaves_the_head(row):
                continue
            try:
                async with asyncio.timeout(ROW_WITHIN):
                    await handle(row)
            except Exception as error:
                if is_outage(error):  # of whom the row is about: the gateway, say
                    outages.append(error)
                else:
                    self._say(row, error)
        if outages:
            raise outages[0]

    async def _leaves_the_head(self, row: T) -> bool:
        try:
            await in_db_thread(self._put_off, row)
        except Exception as error:
            if is_outage(error):  # of our own database: no row can be handled
                raise
            self._say(row, error)
            return False
        return True

    def _say(self, row: T, error: Exception) -> None:
        new = type(error) not in self._said
        self._said.add(type(error))
        log.error(
            f"{self._what} failed",
            order_id=str(self._name(row)),
            error=described(error),
            exc_info=error if new else None,
        )
