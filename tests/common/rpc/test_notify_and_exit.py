"""A process that tells and ends has told: `orders retry`, and whoever is like it."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from common.conf.embedded import ROOT
from suite import bus
from suite.supervisor import Program, Supervisor, manage, run_to_end

pytestmark = pytest.mark.slow
QUEUE = "asgi:{orders.request}"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run directory with orders' database."""
    run_dir = tmp_path_factory.mktemp("migrated")
    env = {"RUN_DIR": str(run_dir)}
    argv = manage("orders", "migrate", "-v0")
    run_to_end(Program(name="migrate", argv=argv, ready="", env=env), lambda *_: None)
    return run_dir


@pytest.fixture
def env(migrated: Path, tmp_path: Path, bus_url: str) -> dict[str, str]:
    """Return the environment of orders, whose database is migrated."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    env = {"RUN_DIR": str(tmp_path), "BUS_URL": bus_url}
    with redis.Redis.from_url(bus_url) as server:
        server.delete(QUEUE)
    return env


def orders(env: dict[str, str], count: int) -> list[str]:
    """Insert orders that wait for their next attempt, and return their ids."""
    now = datetime.now(UTC)
    ids = [uuid.uuid4() for _ in range(count)]
    columns = {
        "key_scope": "guests",
        "fingerprint": "",
        "status": "placed",
        "outcome": "",
        "currency": "",
        "card_token": "card_x",
        "flags": "[]",
        "correlation_id": "test",
        "traceparent": "",
        "tracestate": "",
        "placed_at": f"{now:%F %T}",
        "deadline": f"{now + timedelta(hours=1):%F %T}",
        "next_attempt_at": f"{now + timedelta(hours=1):%F %T}",
        "attempts": 1,
        "failures": 9,
        "needs_attention": 0,
        "attention": "",
    }
    names = ", ".join(("id", "key", *columns))
    marks = ", ".join("?" * (len(columns) + 2))
    with sqlite3.connect(f"{env['RUN_DIR']}/orders.sqlite3") as database:
        database.executemany(
            f"INSERT INTO orders_order ({names}) VALUES ({marks})",  # noqa: S608 ours
            [(id.hex, str(id), *columns.values()) for id in ids],
        )
    database.close()
    return [str(id) for id in ids]


def run(env: dict[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        env={**os.environ, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def waiting(bus_url: str) -> int:
    with redis.Redis.from_url(bus_url) as server:
        return int(server.llen(QUEUE))


@pytest.mark.parametrize("count", [1, 60])
def test_retry_has_woken_the_runners_when_it_ends(
    env: dict[str, str], bus_url: str, count: int
) -> None:
    ids = orders(env, count)
    done = run(env, *manage("orders", "retry", *(ids if count == 1 else ["--all"])))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("due now") == count
    assert waiting(bus_url) == count


SCRIPT = """
import os, sys, uuid
os.environ["DJANGO_SETTINGS_MODULE"] = "orders.settings"
import django
django.setup()
from common.rpc.process_client import notify_sync
from common.contracts.orders import RunOrder
notify_sync(RunOrder(order_id=uuid.uuid4()))
if sys.argv[1] == "raises":
    raise SystemExit("with an error")
"""


@pytest.mark.parametrize("end", ["returns", "raises"])
def test_a_script_that_tells_and_ends_has_told(
    env: dict[str, str], bus_url: str, end: str
) -> None:
    done = run(env, sys.executable, "-c", SCRIPT, end)
    assert done.returncode == (end == "raises"), done.stderr
    assert waiting(bus_url) == 1


def test_a_host_that_has_to_be_looked_up_is_found_at_the_end_too(
    env: dict[str, str], unused_tcp_port: int
) -> None:
    listen = ("--bind", "127.0.0.1 -::1", "--port", str(unused_tcp_port))
    argv = [*bus.command(Path(env["RUN_DIR"])), *listen]
    with Supervisor(restart=False) as supervisor:
        supervisor.start(Program(name="bus", argv=argv, ready="eady to accept"))
        url = f"redis://localhost:{unused_tcp_port}/0"
        done = run({**env, "BUS_URL": url}, sys.executable, "-c", SCRIPT, "returns")
        assert waiting(url) == 1, done.stderr


def test_a_bus_that_is_away_does_not_keep_the_process(
    env: dict[str, str], unused_tcp_port: int
) -> None:
    env["BUS_URL"] = f"redis://127.0.0.1:{unused_tcp_port}/0"
    began = time.monotonic()
    done = run(env, *manage("orders", "retry", *orders(env, 3)))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("due now") == 3
    assert time.monotonic() - began < 20
    assert "Traceback" not in done.stderr
