"""A suite behind PgBouncer with its defaults, in both modes that know transactions."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from common.conf.embedded import ROOT, embedded_bus_url
from common.contracts.topology import SERVING
from suite.programs import Suite
from suite.supervisor import Supervisor
from tests.databases import PostgresServer, postgresql
from tests.debian import program
from tests.journeys.conftest import GENEROUS, Running
from tests.ports import free_port, free_ports

pytestmark = pytest.mark.slow
LIMITS = (
    "ALTER ROLE tests SET statement_timeout = '5s'",
    "ALTER ROLE tests SET lock_timeout = '3s'",
)
SETTINGS = """
[databases]
{databases}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 60
"""


@contextmanager
def pgbouncer(server: PostgresServer, folder: Path, mode: str) -> Iterator[int]:
    """Run PgBouncer in front of a server; give its port."""
    binary = program("pgbouncer", what="databases behind PgBouncer")
    port, behind = free_port(), server.url("").rpartition(":")[2].strip("/")
    lines = (f"{name} = host=127.0.0.1 port={behind} user=tests" for name in SERVING)
    folder.mkdir(mode=0o755, exist_ok=True)
    file = folder / "pgbouncer.ini"
    file.write_text(SETTINGS.format(databases="\n".join(lines), port=port, mode=mode))
    at_work = subprocess.Popen([binary, "-q", file], user=server.user, cwd="/")
    try:
        _wait_for(url(port))
        yield port
    finally:
        at_work.terminate()
        at_work.wait(10)


def url(port: int, name: str = "orders") -> str:
    return f"postgres://tests@127.0.0.1:{port}/{name}"


def _wait_for(url: str) -> None:
    give_up = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        else:
            return


def manage(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_suite_works_behind_it(mode: str, tmp_path: Path) -> None:
    lines: list[str] = []

    def say(name: str, line: str) -> None:
        lines.append(f"{name}│ {line}")

    with postgresql() as server, Supervisor(say) as supervisor:
        folder = Path(server.folder) / "pgbouncer"
        for limit in LIMITS:
            server.execute("orders", limit)
        with pgbouncer(server, folder, mode) as port:
            env = {f"{name.upper()}_DATABASE_URL": url(port, name) for name in SERVING}
            suite = Suite(
                run_dir=tmp_path,
                bus_url=embedded_bus_url(tmp_path),
                ports=free_ports(),
                env={**GENEROUS, **env, "PGBOUNCER": "true"},
            )
            suite.start(supervisor, say)
            running = Running(suite, supervisor, server)
            shop = running.shop
            placed = [shop.place({"MUG": 1}, shop.card()).json() for _ in range(20)]
            for order in placed:
                ended = shop.ended(order["id"], order["token"])
                assert ended["status"] == "confirmed"
            assert running.audit() == []
            for name in SERVING:
                ready = httpx.get(f"{suite.url(name)}/health/ready")
                assert ready.json() == {"ready": True, "problems": {}}
            shop.close()
            said = list(lines)  # until here: it goes before those that it serves
    assert not [line for line in said if "[warning" in line or "[error" in line]


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    with postgresql() as server:
        folder = Path(server.folder) / "pgbouncer"
        with pgbouncer(server, folder, "session") as port:
            env = {"RUN_DIR": str(tmp_path), "ORDERS_DATABASE_URL": url(port)}
            refused = manage("orders", "migrate", "-v0", **env)
            assert refused.returncode == 1
            [told] = refused.stderr.splitlines()
            assert told.startswith("database: OperationalError: connection")
            assert "unsupported startup parameter" in told
            assert told.endswith("; if this is PgBouncer, set PGBOUNCER=true")

            env["PGBOUNCER"] = "true"
            early = manage("orders", "purge", "--older-than", "90d", **env)
            assert early.returncode == 1
            [told] = early.stderr.splitlines()
            assert "migrations are not applied" in told
            checked = manage("orders", "check", "--database", "default", **env)
            assert "may take for ever" in checked.stderr
        for limit in LIMITS:
            server.execute("orders", limit)
        with pgbouncer(server, folder, "session") as port:  # its connections are new
            env["ORDERS_DATABASE_URL"] = url(port)
            checked = manage("orders", "check", "--database", "default", **env)
            assert checked.stderr == ""
            assert manage("orders", "migrate", "-v0", **env).returncode == 0


def test_a_server_that_is_away_is_one_line(tmp_path: Path) -> None:
    away = {"RUN_DIR": str(tmp_path), "ORDERS_DATABASE_URL": url(1)}
    refused = manage("orders", "migrate", "-v0", **away)
    assert refused.returncode == 1
    [told] = refused.stderr.splitlines()
    assert "Connection refused" in told
