"""What is away, wrong or full is said in one line; then it goes on by itself."""

import os
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import redis

from suite import bus
from suite.supervisor import Program, Supervisor, manage, run_to_end
from tests.databases import PostgresServer, postgresql
from tests.ports import free_ports

pytestmark = pytest.mark.slow

LISTEN = ("--bind", "127.0.0.1", "--port")
SECRET = "s3kr1t-of-nobody"
ORDER = {"lines": [{"sku": "MUG", "quantity": 1}], "card_token": "card_1"}


class Pair:
    """Orders' web process and worker, and what they say."""

    def __init__(self, supervisor: Supervisor, run_dir: Path) -> None:
        ports = free_ports()
        self.run_dir, self.supervisor = run_dir, supervisor
        self.port, self.worker_port, self.bus_port = ports.values()
        self.env = {
            "PYTHONUNBUFFERED": "1",
            "RUN_DIR": str(run_dir),
            "BUS_URL": f"redis://127.0.0.1:{self.bus_port}/0",
        }
        self.log: list[str] = []
        self.seen: Counter[tuple[str, ...]] = Counter()

    def say(self, name: str, line: str) -> None:
        """Keep a line."""
        self.log.append(f"{name}│ {line}")

    def start(self) -> None:
        """Start both, whatever is missing."""
        serve = manage("orders", "serve", "--port", str(self.port))
        work = manage("orders", "work", "--health-port", str(self.worker_port))
        self.supervisor.start(
            Program(name="web", argv=serve, ready="web started", env=self.env),
            Program(name="worker", argv=work, ready="worker started", env=self.env),
        )

    def stop(self) -> None:
        """Stop both, which must have lived until now."""
        for name in {"web", "worker"} & set(self.supervisor.names()):
            assert self.supervisor.stop(name) == 0

    def start_bus(self, *options: str) -> None:
        """Start a bus on TCP."""
        argv = [*bus.command(self.run_dir), *LISTEN, str(self.bus_port), *options]
        self.supervisor.start(Program(name="bus", argv=argv, ready="eady to accept"))

    def migrate(self) -> None:
        """Migrate orders' database."""
        argv = manage("orders", "migrate", "-v0")
        program = Program(name="migrate", argv=argv, ready="", env=self.env)
        run_to_end(program, self.say)

    def problems(self) -> list[dict[str, str]]:
        """Return what is wrong with each of the two, as they themselves say."""
        ports = (self.port, self.worker_port)
        answers = [httpx.get(f"http://127.0.0.1:{p}/health/ready") for p in ports]
        assert all(a.is_success is a.json()["ready"] for a in answers)
        return [answer.json()["problems"] for answer in answers]

    def lines(self, *words: str) -> list[str]:
        """Return the lines with one of these words."""
        return [line for line in list(self.log) if any(w in line for w in words)]

    def until(self, condition: Callable[[], Any], within: float = 20) -> None:
        """Wait until something holds."""
        give_up = time.monotonic() + within
        while not condition():
            assert time.monotonic() < give_up, "\n".join(self.log[-30:])
            time.sleep(0.05)

    def suffer(self, what: str, cause: str) -> None:
        """Expect both to name a cause, in the log once, and to go on living."""

        def named() -> bool:
            web, worker = self.problems()
            return cause in worker.get(what, "") and web.get(what, "-") in worker[what]

        self.until(named)
        assert all(cause in line for line in self.told("not ready", "degraded"))

    def recover(self) -> None:
        """Expect both to be ready by themselves, and to say so once."""
        self.until(lambda: self.problems() == [{}, {}])
        self.told("ready again")

    def told(self, *words: str) -> list[str]:
        """Return the line with a word of each process that was not returned yet."""
        before = self.seen[words]
        self.seen[words] += 2
        self.until(lambda: len(self.lines(*words)) == self.seen[words])
        lines = self.lines(*words)[before:]
        assert {line.partition("│")[0] for line in lines} == {"web", "worker"}
        return lines

    def says_no_more(self, seconds: float = 5) -> None:
        """Expect no complaint while jobs, sweeps, readers and pools fail many times."""
        said = self.said()
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            time.sleep(0.1)
            assert self.said() == said

    def said(self) -> list[str]:
        """Return what the two have said, bar what became of single orders."""
        info_or_bus = ("[info ", "bus│")
        return [
            line for line in list(self.log) if not any(w in line for w in info_or_bus)
        ]

    def place(self) -> httpx.Response:
        """Place an order."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        url = f"http://127.0.0.1:{self.port}/api/orders"
        return httpx.post(url, json=ORDER, headers=key, timeout=30)

    def log_in(self) -> httpx.Response:
        """Try to get into the admin."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}") as browser:
            browser.get("/admin/login/").raise_for_status()
            token = {"csrfmiddlewaretoken": browser.cookies["orders_csrf"]}
            form = {"username": "admin", "password": "guess", **token}
            return browser.post("/admin/login/", data=form, timeout=30)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Return a pair; whatever happened, nothing was said twice and no secret at all."""
    with Supervisor(restart=False) as supervisor:
        pair = Pair(supervisor, tmp_path)
        supervisor._say = pair.say
        yield pair
        pair.stop()
    output = "\n".join(pair.log)
    assert "Traceback" not in output
    assert SECRET not in output
    told = pair.lines("not ready", "degraded")
    assert [line for line in pair.lines("[warning") if line not in told] == []
    assert pair.lines("[error") == []


@pytest.fixture
def server(pair: Pair) -> Iterator[PostgresServer]:
    """Return a server that orders is configured for."""
    with postgresql() as server:
        pair.env["ORDERS_DATABASE_URL"] = server.url("orders")
        yield server
        pair.stop()


def test_postgresql_is_away_when_it_starts_and_again_later(
    pair: Pair, server: PostgresServer
) -> None:
    pair.start_bus()
    pair.migrate()
    server.crash()
    pair.start()
    pair.suffer("database", "Connection refused")
    assert pair.place().status_code == 503
    server.start()
    pair.recover()
    assert pair.place().status_code == 202
    server.crash()
    pair.suffer("database", "Connection refused")
    pair.says_no_more()
    assert pair.place().status_code == 503
    server.start()
    pair.recover()
    assert pair.place().status_code == 202


def test_the_password_for_postgresql_is_wrong(
    pair: Pair, server: PostgresServer
) -> None:
    pair.start_bus()
    pair.migrate()
    server.ask_for_password("orders")
    url = server.url("orders").replace("//tests@", f"//orders:{SECRET}@")
    pair.env["ORDERS_DATABASE_URL"] = url
    pair.start()
    pair.suffer("database", 'password authentication failed for user "orders"')
    server.execute("postgres", f"ALTER ROLE orders PASSWORD '{SECRET}'")
    pair.recover()
    assert pair.place().status_code == 202


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_database_is_not_migrated(
    pair: Pair, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "postgresql":
        request.getfixturevalue("server")
    pair.start_bus()
    pair.start()
    pair.suffer("database", "migrations are not applied")
    assert pair.place().status_code == 503
    assert pair.log_in().status_code == 503
    pair.migrate()
    pair.recover()
    assert pair.place().status_code == 202


def test_postgresql_has_no_such_database_yet(
    pair: Pair, server: PostgresServer
) -> None:
    pair.start_bus()
    pair.env["ORDERS_DATABASE_URL"] = server.url("later")
    pair.start()
    pair.suffer("database", 'database "later" does not exist')
    server.create("later")
    pair.migrate()
    pair.recover()


def test_the_bus_is_away_when_it_starts_and_again_later(pair: Pair) -> None:
    pair.migrate()
    pair.start()
    pair.suffer("bus", "nothing answers at BUS_URL")
    assert pair.place().status_code == 202, "the database is all that it takes"
    pair.start_bus()
    pair.recover()
    pair.supervisor.kill("bus")
    pair.suffer("bus", "nothing answers at BUS_URL")
    pair.says_no_more()
    pair.start_bus()
    pair.recover()


def test_the_password_for_the_bus_is_wrong(pair: Pair) -> None:
    pair.migrate()
    pair.start_bus("--requirepass", "another")
    pair.env["BUS_URL"] = f"redis://:{SECRET}@127.0.0.1:{pair.bus_port}/0"
    pair.start()
    pair.suffer("bus", "the bus at BUS_URL refuses us: ")
    with redis.Redis(port=pair.bus_port, password="another") as broker:
        broker.config_set("requirepass", SECRET)
    pair.recover()


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Path]:
    """Mount a small file system; skips, by name, where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("a full disk: mounting a small tmpfs needs root")
    path.mkdir(exist_ok=True)
    size = f"size={megabytes}m"
    argv = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a full disk: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)  # noqa: S607


def fill(disk: Path) -> Path:
    """Write to a disk until it is full; return the file to remove."""
    path = disk / "filling"
    with path.open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    return path


def test_the_disk_under_sqlite_is_full(pair: Pair, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        pair.env["ORDERS_DATABASE_URL"] = f"sqlite:///{disk}/orders.sqlite3"
        pair.start_bus()
        pair.migrate()
        pair.start()
        pair.until(lambda: pair.problems() == [{}, {}])
        filling = fill(disk)
        pair.suffer("database", "cannot write beside the database: No space left")
        assert pair.place().status_code == 503
        filling.unlink()
        pair.recover()
        assert pair.place().status_code == 202
        pair.stop()


def test_the_disk_under_postgresql_is_full(pair: Pair) -> None:
    with TemporaryDirectory(prefix="postgresql-") as directory:
        Path(directory).chmod(0o755)
        with (
            small_disk(Path(directory), 160) as disk,
            PostgresServer(disk) as server,
        ):
            pair.env["ORDERS_DATABASE_URL"] = server.url("orders")
            pair.start_bus()
            pair.migrate()
            pair.start()
            pair.until(lambda: pair.problems() == [{}, {}])
            filling = fill(disk)
            pair.suffer("database", "No space left on device")
            filling.unlink()
            pair.recover()
            assert pair.place().status_code == 202
            pair.stop()
