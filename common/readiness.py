"""Can this process do its work? Asked by whoever watches it, and noted in the log."""

import asyncio
import contextlib

import structlog
from django.conf import settings
from django.db import Error, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from common import bus, calls
from common.database import in_db

log = structlog.get_logger(__name__)

ANSWER_WITHIN = 2.5
"""Seconds after which an answer that does not come is one: not ready."""
CONNECT_WITHIN = 2
"""Seconds for a connection, or for SQLite's lock; the least that libpq can do."""

Problems = dict[str, str]
"""What is wrong, by what it is wrong with."""


def problems() -> Problems:
    """Return why the database or the bus cannot be used; nothing if both can."""
    checks = {
        "database": problem_with_database(),
        "bus": bus.problem_with(settings.BUS_URL) if calls.uses_the_bus() else None,
    }
    return {name: one_line(problem) for name, problem in checks.items() if problem}


def problem_with_database() -> str | None:
    """Return why the database cannot be used, or None if it can."""
    try:
        with contextlib.closing(_own_connection()) as own:
            executor = MigrationExecutor(own)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as error:
        return f"{type(error).__name__}: {error}"
    return f"{len(pending)} migrations are not applied" if pending else None


def one_line(text: str) -> str:
    """Return a text of several lines as one."""
    return " ".join(text.split())


def _own_connection() -> BaseDatabaseWrapper:
    """Return a connection outside of the pool: a busy pool is no outage.

    And a pool tells only that it has nothing to give, not why.
    """
    own = connection.copy()
    options = own.settings_dict["OPTIONS"]
    options.pop("pool", None)
    patience = "timeout" if own.vendor == "sqlite" else "connect_timeout"
    options[patience] = CONNECT_WITHIN
    return own


class Readiness:
    """The readiness of a process that has an event loop, looked at one at a time."""

    def __init__(self) -> None:
        self._looking: asyncio.Task[Problems] | None = None

    async def problems(self) -> Problems:
        """Return what is wrong within ANSWER_WITHIN, without blocking the loop.

        A look that takes longer goes on; whoever asks meanwhile waits for the same one.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(in_db(problems))
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await asyncio.shield(self._looking)
        except TimeoutError:
            return {"process": f"no answer from its checks within {ANSWER_WITHIN:g} s"}
