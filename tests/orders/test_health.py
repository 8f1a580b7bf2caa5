"""Readiness says what is missing; liveness does not care."""

import asyncio
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from django.db import connection
from psycopg_pool import PoolTimeout

from common.http.entrance import Entrance
from common.ops import readiness
from tests.asgi import Answer, ask

pytestmark = pytest.mark.django_db(transaction=True)


async def get(path: str, **headers: str) -> Answer:
    """Ask a fresh web process."""
    return await ask(Entrance(), "GET", path, headers)


async def test_many_who_ask_are_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(readiness, "problems", lambda: looks.append(1) or {})
    application = Entrance()
    for _ in range(20):
        assert (await ask(application, "GET", "/health/ready")).status == 200
    assert looks == [1]


async def test_a_whole_monolith_is_ready_without_a_bus() -> None:
    answer = await get("/health/ready")
    assert (answer.status, answer.json()["problems"]) == (200, {})


async def test_without_its_bus_a_web_process_still_places_and_says_so(
    settings: Any,
) -> None:
    settings.SERVICES = {**settings.SERVICES, "inventory": "channel:"}
    settings.BUS_URL = "redis://127.0.0.1:1/0"
    answer = await get("/health/ready")
    problems = {"bus": "nothing answers at BUS_URL"}  # a stranger learns no address
    assert (answer.status, answer.json()) == (
        200,
        {"ready": True, "problems": problems},
    )
    worker = readiness.Readiness()
    found = await worker.problems()
    assert not worker.is_ready(found)
    assert "127.0.0.1:1" in found["bus"]


def test_an_unmigrated_database_is_not_ready() -> None:
    from django.db.migrations.recorder import MigrationRecorder

    applied = list(MigrationRecorder.Migration.objects.filter(app="orders"))
    MigrationRecorder.Migration.objects.filter(app="orders").delete()
    try:
        answer = asyncio.run(get("/health/ready"))
    finally:
        MigrationRecorder.Migration.objects.bulk_create(applied)
    assert answer.status == 503
    assert "not applied" in answer.json()["problems"]["database"]
    assert asyncio.run(get("/health/ready")).status == 200


def test_the_checks_do_not_wait_for_a_connection_of_the_pool() -> None:
    taken = connection.pool if connection.vendor == "postgresql" else None
    if taken is None:
        pytest.skip("a busy pool: SQLite has none (python -m tests.on_postgresql)")
    with ExitStack() as stack:
        with suppress(PoolTimeout):
            while True:
                stack.enter_context(taken.connection(timeout=0.2))
        assert asyncio.run(get("/health/ready")).status == 200


async def test_health_is_answered_whatever_the_host_header_says() -> None:
    assert (await get("/health/live", Host="10.0.0.7")).status == 200
    assert (await get("/api/schema", Host="10.0.0.7")).status == 421
