"""A row that fails is nobody else's trouble, and no row waits for a batch."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.db.models import QuerySet
from structlog.testing import capture_logs

from common import clock
from common.channel_layer.errors import BrokerUnreachable
from common.saga.sweeper import Sweeper
from inventory.models import Allocation, AllocationState
from tests.conftest import Clock

pytestmark = pytest.mark.django_db(transaction=True)

PAUSE = 5.0


def key(number: int) -> UUID:
    return UUID(int=number)


class Rows:
    """Rows that are due, the first one longest, and what became of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.handled: list[int] = []
        self.how: dict[int, Callable[[], Any]] = {}
        self.at_once = self.most_at_once = 0

    def add(self, numbers: Iterable[int]) -> None:
        now = self._clock.now
        Allocation.objects.bulk_create(
            Allocation(
                order_id=key(number),
                state=AllocationState.HELD,
                decided_at=now,
                expires_at=now - timedelta(hours=1) + timedelta(seconds=number),
            )
            for number in numbers
        )

    def due(self) -> QuerySet[Allocation]:
        return Allocation.objects.filter(expires_at__lte=clock.now())

    async def handle(self, order_id: UUID) -> None:
        number = order_id.int
        self.handled.append(number)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if how := self.how.get(number):
                await asyncio.sleep(0)
                await how()
        finally:
            self.at_once -= 1


@pytest.fixture
def rows(stopped_clock: Clock) -> Rows:
    return Rows(stopped_clock)


def sweeper(rows: Rows, **limits: Any) -> Sweeper:
    return Sweeper(
        "row",
        rows.due,
        by="expires_at",
        pause=lambda: PAUSE,
        handle=rows.handle,
        **{"at_a_time": 2, "longest": 0.1, **limits},
    )


async def bug() -> None:
    raise ZeroDivisionError("no")


async def away() -> None:
    raise BrokerUnreachable("gone")


async def hangs() -> None:
    await asyncio.Event().wait()


async def test_all_that_is_due_has_its_turn_the_longest_due_first(rows: Rows) -> None:
    await sync_to_async(rows.add)(range(1, 101))
    rows.how = {7: bug, 8: hangs}
    with capture_logs() as logs:
        await sweeper(rows).sweep()
    assert len(rows.handled) == 100
    assert sorted(rows.handled[:20]) == [*range(1, 21)]
    assert rows.most_at_once == 2
    assert [(log["event"], log["key"]) for log in logs] == [
        ("row failed", str(key(7))),
        ("row failed", str(key(8))),
    ]


async def test_a_row_that_was_taken_is_due_again_after_its_pause(
    rows: Rows, stopped_clock: Clock
) -> None:
    await sync_to_async(rows.add)([1, 2])
    job = sweeper(rows)
    await job.sweep()
    await job.sweep()
    assert rows.handled == [1, 2]
    stopped_clock.advance(PAUSE)
    await job.sweep()
    assert rows.handled == [1, 2, 1, 2]


async def test_two_sweepers_do_not_take_the_same(rows: Rows) -> None:
    await sync_to_async(rows.add)(range(1, 41))
    await asyncio.gather(*(sweeper(rows).sweep() for _ in range(4)))
    assert sorted(rows.handled) == [*range(1, 41)]


async def test_one_that_hangs_holds_one_place_and_no_more(rows: Rows) -> None:
    await sync_to_async(rows.add)(range(1, 11))
    rows.how = {1: hangs}
    await asyncio.wait_for(sweeper(rows, longest=2).sweep(), 10)
    assert sorted(rows.handled) == [*range(1, 11)]


async def test_a_kind_of_bug_has_one_traceback(
    rows: Rows, stopped_clock: Clock
) -> None:
    await sync_to_async(rows.add)([1])
    rows.how = {1: bug}
    job = sweeper(rows)
    with capture_logs() as logs:
        for _ in range(3):
            await job.sweep()
            stopped_clock.advance(PAUSE)
    assert [bool(log["exc_info"]) for log in logs] == [True, False, False]


async def test_what_is_away_is_raised_when_all_have_had_their_turn(rows: Rows) -> None:
    await sync_to_async(rows.add)([1, 2, 3])
    rows.how = {1: away}
    with pytest.raises(BrokerUnreachable):
        await sweeper(rows).sweep()
    assert rows.handled == [1, 2, 3]


async def test_without_its_own_database_it_stops_at_once(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> QuerySet[Allocation]:
        raise OperationalError("gone")

    monkeypatch.setattr(rows, "due", gone)
    with pytest.raises(OperationalError):
        await sweeper(rows).sweep()
    assert rows.handled == []


async def test_a_row_that_kills_the_process_is_not_due_at_once(rows: Rows) -> None:
    await sync_to_async(rows.add)([1, 2])

    async def die() -> None:
        raise asyncio.CancelledError

    rows.how = {1: die}
    with pytest.raises(asyncio.CancelledError):
        await sweeper(rows, at_a_time=1).sweep()
    await sweeper(rows, at_a_time=1).sweep()
    assert rows.handled == [1, 2]


async def test_it_says_its_backlog(rows: Rows) -> None:
    job = sweeper(rows)
    backlog = await sync_to_async(job.backlog)()
    assert (backlog.rows, backlog.oldest) == (0, 0.0)
    await sync_to_async(rows.add)([1, 5])
    backlog = await sync_to_async(job.backlog)()
    assert (backlog.rows, backlog.oldest) == (2, 3599.0)
    await job.sweep()
    assert (await sync_to_async(job.backlog)()).rows == 0
