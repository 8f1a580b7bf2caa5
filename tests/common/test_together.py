"""What arrives together shares a transaction; everybody gets the own answer."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from django.db import OperationalError

from common import together as module
from common.context import Headers, current_headers, headers
from common.together import together


class Rule:
    """A rule that remembers its batches, and stays in the first until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go_on = threading.Event()
        self.begun = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        if len(self.batches) == 1:
            self.begun.set()
            assert self.go_on.wait(10)
        if 13 in numbers and len(numbers) > 1:
            raise RuntimeError("an unlucky batch")
        return [LookupError(n) if n == 13 else n * 10 for n in numbers]


async def gathered(rule: Rule, numbers: Sequence[int]) -> list[int | BaseException]:
    """Ask for one number, then, while that is under way, for the others."""
    first = asyncio.create_task(together(rule, 0))
    await asyncio.to_thread(rule.begun.wait, 10)
    others = [asyncio.create_task(together(rule, n)) for n in numbers]
    await asyncio.sleep(0)
    rule.go_on.set()
    return await asyncio.gather(first, *others, return_exceptions=True)


async def test_one_alone_is_a_batch_of_one() -> None:
    rule = Rule()
    rule.go_on.set()
    assert await together(rule, 4) == 40
    assert rule.batches == [[4]]


async def test_who_waits_shares_the_next_batch_and_gets_the_own_answer() -> None:
    rule = Rule()
    assert await gathered(rule, [1, 2, 3]) == [0, 10, 20, 30]
    assert rule.batches == [[0], [1, 2, 3]]


async def test_a_broken_one_spoils_no_other() -> None:
    rule = Rule()
    *fine, broken = await gathered(rule, [1, 2, 13])
    assert fine == [0, 10, 20]
    assert isinstance(broken, LookupError)
    assert rule.batches[:2] == [[0], [1, 2, 13]]
    assert sorted(rule.batches[2:]) == [[1], [2], [13]]


async def test_an_outage_is_everybodys_and_nobody_goes_alone() -> None:
    calls: list[int] = []

    def away(numbers: Sequence[int]) -> list[int]:
        calls.append(len(numbers))
        raise OperationalError("connection refused")

    asked = (together(away, n) for n in range(3))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, OperationalError) for answer in answers)
    assert sum(calls) == 3


async def test_a_batch_holds_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    rule = Rule()
    assert await gathered(rule, [1, 2, 3]) == [0, 10, 20, 30]
    assert rule.batches == [[0], [1, 2], [3]]


async def test_one_that_is_held_up_does_not_hold_up_the_next() -> None:
    rule = Rule()
    held_up = asyncio.create_task(together(rule, 0))
    await asyncio.to_thread(rule.begun.wait, 10)
    async with asyncio.timeout(10):
        assert await together(rule, 5) == 50
    assert not held_up.done()
    rule.go_on.set()
    assert await held_up == 0


async def test_whoever_stops_waiting_takes_nothing_from_the_others() -> None:
    rule = Rule()
    first = asyncio.create_task(together(rule, 0))
    await asyncio.to_thread(rule.begun.wait, 10)
    gone, stays = (asyncio.create_task(together(rule, n)) for n in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    rule.go_on.set()
    assert [await first, await stays] == [0, 20]


async def test_a_batch_carries_nobodys_headers() -> None:
    seen: list[str] = []

    def rule(numbers: Sequence[int]) -> list[int]:
        seen.append(current_headers().correlation_id)
        return list(numbers)

    with headers(Headers(correlation_id="mine")):
        await together(rule, 1)
        assert current_headers().correlation_id == "mine"
    assert seen == [""]


def test_each_event_loop_has_queues_of_its_own() -> None:
    def rule(numbers: Sequence[int]) -> list[int]:
        return list(numbers)

    for number in range(3):
        assert asyncio.run(together(rule, number)) == number
