"""Can this process do its work? Asked by whoever watches it, and noted in the log.

A worker's work comes over the bus. A web process answers its callers without it:
placing an order needs the database alone. So a web process without its bus is ready,
and says that the bus is away.
"""

import asyncio
import contextlib
import math
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import structlog
from django.db import Error, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from common import threads
from common.ops import bus_check, outage

log = structlog.get_logger(__name__)

ANSWER_WITHIN = 2.5
"""Seconds after which an answer that does not come is one: not ready."""
CONNECT_WITHIN = 2
"""Seconds for a connection, or for SQLite's lock; the least that libpq can do."""
APART = "readiness"
ENOUGH_ROOM = 2**20
"""Bytes: an order needs a few thousand."""
A_SORT_ON_DISK = """
    SELECT count(*) FROM (
        SELECT md5(n::text) FROM generate_series(1, 5000) AS n ORDER BY 1
    ) AS sorted
"""
LOOK_EVERY = 5.0
LOOK_AT_MOST_EVERY = 1.0

Problems = dict[str, str]
"""What is wrong, by what it is wrong with."""
NO_ANSWER = {"process": f"no answer from its checks within {ANSWER_WITHIN:g} s"}

NO_POOLER = "; if this is PgBouncer, set PGBOUNCER=true"

BEARABLE = {"bus"}
"""What a web process does its work without."""

_thread = threads.never_slow("readiness", 1)
_kept = threading.local()
"""The connection of the thread that looks."""


def problems() -> Problems:
    """Return why the database or the bus cannot be used; nothing if both can."""
    checks = {
        "database": problem_with_database(),
        "bus": bus_check.problem_here() if bus_check.is_needed() else None,
    }
    return {name: problem for name, problem in checks.items() if problem}


def in_short(problems: Problems) -> Problems:
    """Return problems without their details: "could not connect: …" names addresses."""
    return {name: text.partition(":")[0] for name, text in problems.items()}


def problem_with_database() -> str | None:
    """Return why the database cannot be used, or None if it can."""
    try:
        with _own_connection() as own:
            executor = MigrationExecutor(own)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
            _write_something(own)
    except Error as error:
        hint = NO_POOLER if "startup parameter" in str(error) else ""
        return outage.described(error) + hint
    except OSError as error:
        return f"cannot write beside the database: {error.strerror}"
    return f"{len(pending)} migrations are not applied" if pending else None


@contextlib.contextmanager
def _own_connection() -> Iterator[BaseDatabaseWrapper]:
    """Provide a connection outside of the pool: a busy pool is no outage.

    And a pool tells only that it has nothing to give, not why. On PostgreSQL it is kept
    for the next look: a server that has no room for a new one still serves the pool.
    The connection has an alias of its own, since Django's migrations ask for
    connections by their alias.
    """
    own: BaseDatabaseWrapper | None = getattr(_kept, "connection", None)
    _kept.connection = None
    if own is None or not own.is_usable():
        own = _new_connection()
    connections[APART] = own
    try:
        yield own
    except BaseException:
        own.close()
        raise
    else:
        if own.vendor == "postgresql" and threading.current_thread().daemon:
            _kept.connection = own
        else:
            own.close()
    finally:
        del connections[APART]


def _new_connection() -> BaseDatabaseWrapper:
    own = connection.copy(alias=APART)
    options = own.settings_dict["OPTIONS"]
    options.pop("pool", None)
    if own.vendor == "sqlite":
        options["timeout"] = CONNECT_WITHIN
    else:
        options["connect_timeout"] = CONNECT_WITHIN
    return own


def _write_something(own: BaseDatabaseWrapper) -> None:
    """Find out whether the database's disk is full, and leave nothing there.

    PostgreSQL sorts more than fits into its memory; SQLite's files are ours.
    """
    if own.vendor == "sqlite":
        directory = Path(own.settings_dict["NAME"]).parent
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(bytes(ENOUGH_ROOM))
    else:
        with transaction.atomic(using=APART), own.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64kB'")
            cursor.execute(A_SORT_ON_DISK)


async def _look() -> Problems:
    """Look in a thread of its own: threads that are busy are no outage."""
    loop = asyncio.get_running_loop()
    seen = await loop.run_in_executor(_thread, problems)
    return {**seen, **threads.problems()}


class Readiness:
    """The readiness of a process that has an event loop, looked at one at a time."""

    def __init__(self, *, of_web: bool = False, at_most_every: float = 0.0) -> None:
        """Set it up, for a worker or `of_web`.

        `at_most_every` (seconds): many who ask share one look.
        """
        self._bearable = BEARABLE if of_web else set()
        self._at_most_every = at_most_every
        self._looked_at = -math.inf
        self._looking: asyncio.Task[Problems] | None = None
        self._doubted = asyncio.Event()
        self._doubts: list[Exception] = []
        self._said: Problems = {}

    async def problems(self) -> Problems:
        """Return what is wrong within ANSWER_WITHIN, without blocking the loop.

        A look that takes longer goes on; whoever asks meanwhile waits for the same one.
        """
        old = time.monotonic() - self._looked_at >= self._at_most_every
        if self._looking is None or (self._looking.done() and old):
            self._looking = asyncio.create_task(_look())
            self._looked_at = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await asyncio.shield(self._looking)
        except TimeoutError:
            return NO_ANSWER

    def is_ready(self, problems: Problems) -> bool:
        """Tell whether a process with these problems can do its work."""
        return not problems.keys() - self._bearable

    async def watch(self) -> None:
        """Look now and then, and soon after a failure; log what has changed."""
        loop = asyncio.get_running_loop()

        def doubt(error: Exception) -> None:
            loop.call_soon_threadsafe(self._doubt, error)

        outage.hand_to(doubt)
        try:
            while True:
                self._doubted.clear()
                doubts, self._doubts = self._doubts, []
                self._say(await self.problems(), doubts)
                await asyncio.sleep(LOOK_AT_MOST_EVERY)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await self._doubted.wait()
        finally:
            outage.hand_to(None)
            if self._looking:
                self._looking.cancel()

    def _doubt(self, error: Exception) -> None:
        self._doubts.append(error)
        self._doubted.set()

    def _say(self, problems: Problems, doubts: list[Exception]) -> None:
        """Log one line when something begins to be wrong, and one when it is over."""
        before = self._said
        self._said = in_short(problems)  # what follows may differ each time
        if doubts and not problems:
            self._said = {"doubt": ""}
        if self._said == before:
            return
        if problems:
            state = "degraded" if self.is_ready(problems) else "not ready"
            log.warning(state, **problems)
        elif before and "doubt" not in before:
            log.info("ready again")
        elif doubts:  # it failed, and looks well
            error = outage.described(doubts[-1])
            log.warning("something failed", error=error, failures=len(doubts))
