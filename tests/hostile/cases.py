"""Requests that a server must answer properly, each with what is right for it."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from tests.hostile.scenario import Attack
from tests.hostile.wire import Connection, Dropped

AT_ONCE = 8
"""Cases that are tried side by side."""
ENOUGH = 16
"""Cases without an answer after which the others are left alone: they take long."""

WITHIN = 6.0
"""Seconds for an answer."""
NO_ANSWER = f"no answer in {WITHIN:g} s"


@dataclass(frozen=True, kw_only=True)
class Case:
    """Bytes for a service, and how it may answer them."""

    name: str
    data: bytes
    good: frozenset[int]
    """Statuses that are right."""
    service: str = "orders"
    problem: bool = False
    """An error has to be a problem document."""
    explained: bool = False
    """An error has to have a body, whatever it is."""
    may_close: bool = False
    """Closing the connection without an answer is right, too."""
    may_wait: bool = False
    """So is waiting for more."""
    bodyless: bool = False
    """The answer has a head alone."""
    once: bool = False
    """A second answer would be one to a request that was hidden in the first."""


def refused(*but_not: int) -> frozenset[int]:
    """Return all statuses that tell a client of its own fault."""
    return frozenset(range(400, 500)) - set(but_not)


async def try_all(attack: Attack, cases: Iterable[Case]) -> None:
    """Try all cases, and again until the time of the attack is over."""
    cases = list(cases)
    loop = asyncio.get_running_loop()
    give_up = loop.time() + attack.seconds
    attack.connections = AT_ONCE
    while True:
        waiting = iter(cases)
        await asyncio.gather(*(_try_each(attack, waiting) for _ in range(AT_ONCE)))
        if loop.time() > give_up or attack.faults:
            return


async def _try_each(attack: Attack, waiting: Iterable[Case]) -> None:
    for case in waiting:
        if len(attack.faults.get(NO_ANSWER, ())) > ENOUGH:
            return
        port = attack.stage.port(case.service)
        try:
            async with asyncio.timeout(WITHIN), Connection(port) as connection:
                wrong = await _wrong(case, connection)
        except TimeoutError:
            wrong = None if case.may_wait else NO_ANSWER
        except OSError as error:
            wrong = f"cannot connect: {error}"
        if wrong:
            attack.fault(wrong, f"{case.service}, {case.name}")


async def _wrong(case: Case, connection: Connection) -> str | None:
    with contextlib.suppress(Dropped):  # it may have answered, and then closed
        await connection.send(case.data)
    try:
        answer = await connection.answer(to_head=case.bodyless)
    except Dropped as error:
        return None if case.may_close else str(error)
    if answer.status not in case.good:
        return f"answered {answer.status} {answer.body[:30]!r}"
    if answer.status >= 400 and case.problem and not answer.is_problem:
        return f"{answer.status} without a problem document: {answer.body[:30]!r}"
    if answer.status >= 400 and case.explained and not answer.body:
        return f"{answer.status} without a page"
    if case.once and await _again(connection):
        return f"answered twice, {answer.status} first"
    return None


async def _again(connection: Connection) -> bool:
    with contextlib.suppress(Dropped, TimeoutError):
        async with asyncio.timeout(0.5):
            await connection.answer()
            return True
    return False
