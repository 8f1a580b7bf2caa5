"""An outage is a line when it begins and one when it is over; a bug is a traceback."""

from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError
from django.test import RequestFactory
from structlog.testing import capture_logs

from common.channel_layer.errors import BrokerUnreachable
from common.http import problem
from common.ops import outage
from common.ops.outage import OutageLog, is_outage
from common.ops.readiness import Readiness
from tests.common.conftest import until, working
from tests.common.rpc import echo


def said(logs: list[Any]) -> list[str]:
    """Return what was said, bar the worker's own start and end."""
    return [e["event"] for e in logs if not e["event"].startswith("worker ")]


async def test_a_job_that_fails_says_so_once_and_once_that_it_works() -> None:
    service, _, _ = echo.make()
    runs: list[int] = []

    @service.every(seconds=0.001)
    async def job() -> None:
        runs.append(1)
        if len(runs) <= 5:
            raise OperationalError("away")

    with capture_logs() as logs:
        async with working(service, None):
            await until(lambda: len(runs) > 7)
    assert said(logs) == ["job fails", "job works again"]
    assert logs[1]["error"] == "OperationalError: away"
    assert logs[1]["exc_info"] is None


def test_a_bug_is_said_with_its_traceback_and_a_new_kind_is_said_anew() -> None:
    job = OutageLog("job")
    with capture_logs() as logs:
        for error in (ValueError(), ValueError(), OperationalError(), ValueError()):
            job.failed(error)
    kinds = [(log["log_level"], bool(log["exc_info"])) for log in logs]
    assert kinds == [("error", True), ("warning", False), ("error", True)]


def test_while_somebody_watches_outages_are_left_to_him_and_bugs_are_not() -> None:
    seen: list[Exception] = []
    outage.hand_to(seen.append)
    try:
        with capture_logs() as logs:
            OutageLog("job").failed(BrokerUnreachable("gone"))
            OutageLog("job").failed(ValueError())
    finally:
        outage.hand_to(None)
    assert [type(error) for error in seen] == [BrokerUnreachable]
    assert said(logs) == ["job fails"]


def test_a_failure_that_nothing_explains_is_said_all_the_same() -> None:
    readiness = Readiness()
    locked = OperationalError("database is locked")
    with capture_logs() as logs:
        readiness._say({}, [locked])
        readiness._say({}, [locked, locked])
        readiness._say({"database": "OperationalError: refused"}, [locked])
        readiness._say({"database": "OperationalError: starting"}, [locked])
        readiness._say({"database": "23 migrations are not applied"}, [])
        readiness._say({}, [])
        readiness._say({}, [])
    events = ["something failed", "not ready", "not ready", "ready again"]
    assert said(logs) == events


def test_a_missing_table_is_an_outage_and_a_wrong_query_is_not() -> None:
    class FromPostgres(Exception):
        sqlstate = "42P01"

    missing, wrong = ProgrammingError(), ProgrammingError()
    missing.__cause__ = FromPostgres()
    assert is_outage(missing)
    assert not is_outage(wrong)
    assert not is_outage(None)


@pytest.mark.parametrize(
    ("error", "status"), [(OperationalError, 503), (KeyError, 500)]
)
def test_a_page_that_meets_an_outage_asks_to_come_again(
    error: type[Exception], status: int
) -> None:
    request = RequestFactory().get("/admin/")
    try:
        raise error
    except error:
        answer = problem.server_error(request)
    assert answer.status_code == status
    assert answer.has_header("Retry-After") == (status == 503)
