"""The one seam between the event loop and the database.

Rules are plain functions that open their own transactions; the loop runs them in a
bounded pool of threads through `in_db_thread`. Django's `a…` methods are not used: they
would tie the rules to the loop.
"""

import asyncio
import contextvars
import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    close_old_connections,
    transaction,
)

from common.threads import Threads

P = ParamSpec("P")
T = TypeVar("T")


POOL = "db"


COLLISIONS = {"40001", "40P01"}
"""PostgreSQL's serialization_failure and deadlock_detected: the loser goes again."""


class Conflict(Exception):
    """A conditional update met a row that somebody else had moved on."""


@functools.cache
def _pool() -> Threads:
    return Threads(POOL, settings.DB_THREADS)


def in_pool_thread() -> bool:
    """Tell whether this is a thread of the pool, which must not wait for the pool."""
    return threading.current_thread().name.startswith(POOL)


async def in_db_thread(
    function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that uses the database in the pool and return its result."""
    context = contextvars.copy_context()
    work = functools.partial(context.run, lambda: _run(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_pool(), work)


def _run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()


def retried_transaction(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function one transaction that runs again when it met a conflict.

    A conflict is a `Conflict` or a unique violation: another worker won, and the
    second look finds what it wrote. So is a deadlock, or a serialisation failure of
    PostgreSQL. Refuses to run inside another transaction.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(5):
            try:
                with transaction.atomic(durable=True):
                    return function(*args, **kwargs)
            except (Conflict, IntegrityError) as error:
                conflict: Exception = error
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) not in COLLISIONS:
                    raise
                conflict = error
        raise DatabaseError(f"{function.__name__}: still a conflict") from conflict

    return run


def refuse_open_transaction() -> None:
    """Raise RuntimeError inside a transaction: a call there would hold its locks.

    The one that Django's TestCase opens around a test does not count, as it does not
    for `atomic(durable=True)`.
    """
    blocks = transaction.get_connection().atomic_blocks
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError("no calls to services inside a database transaction")
