"""A row that fails is nobody else's trouble."""

import asyncio
from collections.abc import Callable

import pytest
from django.db import OperationalError
from structlog.testing import capture_logs

from common.channel_layer.errors import BrokerUnreachable
from common.saga import sweep
from common.saga.sweep import Sweep


class Rows:
    """A line of rows, by name; one that is put off goes to its end."""

    def __init__(self, *names: str) -> None:
        self.line = list(names)
        self.handled: list[str] = []

    def put_off(self, name: str) -> None:
        if name == "stuck":
            raise ZeroDivisionError
        if name == "ours is away":
            raise OperationalError
        self.line.remove(name)
        self.line.append(name)

    async def handle(self, name: str) -> None:
        self.handled.append(name)
        match name:
            case "bug":
                raise ZeroDivisionError("no")
            case "away":
                raise BrokerUnreachable("gone")
            case "hangs":
                await asyncio.Event().wait()


@pytest.fixture
def made() -> Callable[..., tuple[Rows, Sweep[str]]]:
    def make(*names: str) -> tuple[Rows, Sweep[str]]:
        rows = Rows(*names)
        return rows, Sweep("row", rows.put_off, name=str)

    return make


async def test_every_row_has_its_turn_and_what_failed_goes_to_the_end(
    made: Callable[..., tuple[Rows, Sweep[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "ROW_WITHIN", 0.05)
    rows, job = made("bug", "hangs", "stuck", "fine", "behind")
    with capture_logs() as logs:
        await job.over(rows.line[:4], rows.handle)
        rows.line.remove("stuck")
        await job.over(rows.line[:1], rows.handle)
    assert rows.handled == ["bug", "hangs", "fine", "behind"]
    assert [(log["event"], log["order_id"]) for log in logs] == [
        ("row failed", "bug"),
        ("row failed", "hangs"),
        ("row failed", "stuck"),
    ]


async def test_without_its_own_database_it_stops_at_once(
    made: Callable[..., tuple[Rows, Sweep[str]]],
) -> None:
    rows, job = made("ours is away", "behind")
    with pytest.raises(OperationalError):
        await job.over(tuple(rows.line), rows.handle)
    assert rows.handled == []


async def test_a_kind_of_bug_has_one_traceback(
    made: Callable[..., tuple[Rows, Sweep[str]]],
) -> None:
    rows, job = made("bug")
    with capture_logs() as logs:
        for _ in range(3):
            await job.over(rows.line, rows.handle)
    assert [bool(log["exc_info"]) for log in logs] == [True, False, False]


async def test_what_is_away_is_raised_when_all_have_had_their_turn(
    made: Callable[..., tuple[Rows, Sweep[str]]],
) -> None:
    rows, job = made("away", "fine")
    with pytest.raises(BrokerUnreachable):
        await job.over(tuple(rows.line), rows.handle)
    assert rows.handled == ["away", "fine"]


async def test_a_row_that_kills_the_process_is_last_in_line_afterwards(
    made: Callable[..., tuple[Rows, Sweep[str]]],
) -> None:
    rows, job = made("kills", "behind")

    async def die(name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await job.over(tuple(rows.line), die)
    assert rows.line == ["behind", "kills"]
