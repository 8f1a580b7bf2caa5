"""What arrives together is decided together: one transaction for all that wait.

A rule takes a list and answers each of its members. While one transaction is under way
others gather, and are the next one. So the busier a process is, the less does each of
them cost; one that comes alone is a list of one, at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from common.context import Headers, headers
from common.database import in_db_thread
from common.ops.outage import is_outage

A = TypeVar("A")
B = TypeVar("B")

MOST = 64
"""Members of one transaction."""
TOO_LONG = {"57014", "55P03"}
"""PostgreSQL's query_canceled, by statement_timeout, and lock_not_available."""
PATIENCE = 0.1
"""Seconds after which a transaction that takes so long does not keep others waiting."""

Rule = Callable[[Sequence[A]], Sequence[B | Exception]]


async def together(rule: Rule[A, B], one: A) -> B:
    """Return a rule's answer to one; those that are waiting then share a transaction.

    A rule answers every member, in the order in which they were given, with a value or
    with an exception, which is raised to this one alone. If the rule itself raises,
    each member goes again alone, so that none spoils the others; but not in an outage,
    which all of them met.
    """
    queues = _queues.setdefault(where(), {})
    queue: _Queue[A, B] | None = queues.get(rule)
    if queue is None:
        queue = queues[rule] = _Queue(rule)
    return await queue.answer(one)


class _Queue(Generic[A, B]):
    """What waits for one rule in one process."""

    def __init__(self, rule: Rule[A, B]) -> None:
        self._rule = rule
        self._waiting: deque[tuple[A, asyncio.Future[B]]] = deque()
        self._begun: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def answer(self, one: A) -> B:
        answer: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answer))
        if self._begun is None:
            self._begun = asyncio.create_task(self._answer_all())
        return await answer

    async def _answer_all(self) -> None:
        """Answer until nobody waits; whoever comes later starts this anew."""
        try:
            with headers(Headers()):  # it is of all, not of whoever came first
                while self._waiting:
                    number = min(MOST, len(self._waiting))
                    members = [self._waiting.popleft() for _ in range(number)]
                    batch = asyncio.create_task(self._answer(members))
                    self._under_way.add(batch)
                    batch.add_done_callback(self._under_way.discard)
                    await asyncio.wait({batch}, timeout=PATIENCE)
        finally:
            self._begun = None  # in the same step of the loop as the look above

    async def _answer(self, members: list[tuple[A, "asyncio.Future[B]"]]) -> None:
        try:
            answers = await in_db_thread(self._rule, [one for one, _ in members])
        except Exception as error:
            if len(members) > 1 and not _met_all(error):
                await asyncio.gather(*(self._answer([member]) for member in members))
                return
            answers = [error] * len(members)
        for (_, waiting), answer in zip(members, answers, strict=True):
            if waiting.done():  # nobody waits for it any longer
                continue
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)


def _met_all(error: Exception) -> bool:
    """Tell whether a database is away; one row that somebody locks is no outage."""
    cause = error.__cause__
    return is_outage(error) and getattr(cause, "sqlstate", None) not in TOO_LONG


def where() -> object:
    """Return what stands for this process: what it does together has one queue."""
    return asyncio.get_running_loop()


_queues: WeakKeyDictionary[Any, dict[Any, _Queue[Any, Any]]] = WeakKeyDictionary()
