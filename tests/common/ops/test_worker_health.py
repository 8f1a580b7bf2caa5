"""A worker's liveness and readiness, asked as a container's health check asks."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.conf.embedded import ROOT
from common.contracts.reports.inventory import ListProducts
from common.ops import health_port, probe
from common.ops.readiness import Readiness
from common.rpc.errors import NoReply
from suite.client import connect
from suite.supervisor import Program, Supervisor, manage, run_to_end
from tests.common.conftest import until
from tests.ports import free_ports

pytestmark = pytest.mark.slow

Answer = tuple[int, str]


class Watched:
    """An inventory worker with a health port, and what it answers there."""

    def __init__(self, run_dir: Path, bus_url: str) -> None:
        self.run_dir = run_dir
        self.port = free_ports()["inventory"]
        self.bus_url = bus_url
        self.env = {"RUN_DIR": str(run_dir), "BUS_URL": bus_url}

    def program(self, *argv: str) -> Program:
        """Return the program; `argv` is what to run instead of the real one."""
        words = [*(argv or manage("inventory", "work")), f"--health-port={self.port}"]
        return Program(name="worker", argv=words, ready="worker started", env=self.env)

    def migrate(self) -> None:
        """Make the database, or bring it up to date."""
        argv = manage("inventory", "migrate", "-v0")
        program = Program(name="migrate", argv=argv, ready="", env=self.env)
        run_to_end(program, lambda *_: None)

    def probe(self, kind: str) -> Answer:
        """Ask as a container would; return the exit status and the line."""
        url = f"http://127.0.0.1:{self.port}/health/{kind}"
        done = subprocess.run(
            [sys.executable, "-m", "common.ops.probe", url, "--timeout=1"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert len(done.stderr.splitlines()) == done.returncode, "one line, if any"
        return done.returncode, done.stderr


@pytest.fixture
def watched(tmp_path: Path, bus_url: str) -> Watched:
    """Return a worker that can be started."""
    return Watched(tmp_path, bus_url)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Keep processes until the test is over; nothing is restarted."""
    with Supervisor(restart=False) as supervisor:
        yield supervisor


async def test_a_worker_whose_loop_hangs_is_not_live_any_more(
    watched: Watched, supervisor: Supervisor
) -> None:
    watched.migrate()
    program = watched.program(sys.executable, "-m", "tests.common.ops.hanging")
    supervisor.start(program)
    assert watched.probe("live") == (0, "")

    client = connect(watched.bus_url, "test")
    with pytest.raises(NoReply):
        await client.call(ListProducts(), timeout=0.5)
    await client.close()

    status, line = watched.probe("live")
    assert status == 1
    assert "timed out" in line
    os.kill(supervisor.pid("worker"), 0)  # the process is there all the same
    supervisor.kill("worker")


async def test_readiness_follows_the_database_without_a_restart(
    watched: Watched, supervisor: Supervisor
) -> None:
    supervisor.start(watched.program())
    status, line = watched.probe("ready")
    assert status == 1
    assert "migrations are not applied" in line
    assert watched.probe("live") == (0, ""), "liveness is not about the database"

    watched.migrate()
    assert watched.probe("ready") == (0, "")

    file, away = (watched.run_dir / name for name in ("inventory.sqlite3", "away"))
    file.rename(away)
    file.mkdir()  # nothing that SQLite can open
    status, line = watched.probe("ready")
    assert status == 1
    assert "OperationalError: unable to open database file" in line
    file.rmdir()
    away.rename(file)
    await until(lambda: watched.probe("ready") == (0, ""))


async def test_readiness_needs_the_bus(
    watched: Watched, supervisor: Supervisor
) -> None:
    watched.migrate()
    watched.env["BUS_URL"] = "redis://127.0.0.1:1/0"
    supervisor.start(watched.program())
    status, line = watched.probe("ready")
    assert status == 1
    assert "nothing answers at BUS_URL" in line
    assert watched.probe("live") == (0, "")


def test_a_port_that_is_taken_is_named_in_one_line(watched: Watched) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", watched.port))
        taken.listen()
        done = run_briefly(watched)
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: --health-port {watched.port}: ")
    assert "in use" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_cannot_be_is_refused(watched: Watched) -> None:
    watched.port = 70_000
    done = run_briefly(watched)
    assert "--health-port: expected a port from 1 to 65535" in done.stderr


def run_briefly(watched: Watched) -> subprocess.CompletedProcess[str]:
    """Run a worker that ends by itself."""
    return subprocess.run(
        watched.program().argv,
        env={**os.environ, **watched.env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"GET /health/live?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK"),
        (b"POST /health/live HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 "),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 "),
        (b"\xff\r\n\r\n", b"HTTP/1.1 404 "),
        (b"x" * 100_000, b""),
        (b"GET /health/live", b""),
    ],
)
async def test_whatever_comes_to_the_port_it_goes_on(
    unused_tcp_port: int, sent: bytes, answer: bytes
) -> None:
    async with await health_port.listen(unused_tcp_port, Readiness()):
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
            writer.write(sent)
            writer.write_eof()
            try:
                received = await reader.read()
            except ConnectionResetError:
                received = b""
            writer.close()
            assert received.startswith(answer) and bool(received) == bool(answer)


def test_the_probe_needs_no_django() -> None:
    program = "import sys, common.ops.probe; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "False\n"


def test_the_probe_says_who_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    url = "http://127.0.0.1:1/health/live"
    assert probe.main([url]) == 1
    assert capsys.readouterr().err.startswith(f"{url}: ")
