"""Requests that a server must answer properly, each with what is right for it."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from tests.hostile.scenario import Attack
from tests.hostile.wire import Answer, Connection, Dropped

AT_ONCE = 8
"""Cases that are tried side by side."""
ENOUGH = 25
"""Faults after which the other cases are left alone: the process is broken."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Bytes for a service, and how it may answer them."""

    name: str
    data: bytes
    good: frozenset[int]
    """Statuses that are right."""
    service: str = "orders"
    problem: bool = False
    """An error has to be a problem document; otherwise any body will do."""
    may_close: bool = False
    """Closing the connection without an answer is right, too."""
    once: bool = False
    """A second answer would be one to a request that was hidden in the first."""
    within: float = 6.0
    """Seconds."""


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
        if attack.faults.total() > ENOUGH:
            return
        port = attack.stage.port(case.service)
        try:
            async with asyncio.timeout(case.within), Connection(port) as connection:
                wrong = await _wrong(case, connection)
        except TimeoutError:
            wrong = f"no answer in {case.within:g} s"
        except OSError as error:
            wrong = f"cannot connect: {error}"
        if wrong:
            attack.fault(f"{case.service}, {case.name}: {wrong}")


async def _wrong(case: Case, connection: Connection) -> str | None:
    with contextlib.suppress(Dropped):  # it may have answered, and then closed
        await connection.send(case.data)
    try:
        answer = await connection.answer()
    except Dropped as error:
        return None if case.may_close else str(error)
    if answer.status not in case.good:
        return f"answered {answer.status} {answer.body[:50]!r}"
    if answer.status >= 400 and not _explained(case, answer):
        return f"{answer.status} without an explanation: {answer.body[:50]!r}"
    if case.once and await _again(connection):
        return f"answered twice, {answer.status} first"
    return None


def _explained(case: Case, answer: Answer) -> bool:
    return answer.is_problem if case.problem else bool(answer.body)


async def _again(connection: Connection) -> bool:
    with contextlib.suppress(Dropped, TimeoutError):
        async with asyncio.timeout(0.5):
            await connection.answer()
            return True
    return False
