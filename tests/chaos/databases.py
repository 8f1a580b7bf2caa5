"""The three databases of a run: SQLite files, or a PostgreSQL server of our own."""

import contextlib
import glob
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from suite.programs import SERVICES

Rows = list[tuple[Any, ...]]
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
            return file.execute(query).fetchall()

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

    def __init__(self, directory: Path) -> None:
        self._bin = binaries()
        self._user = "postgres" if os.geteuid() == 0 else None
        self._data = directory / "data"
        if self._user:
            shutil.chown(directory, self._user)
        self._port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._turn = 0
        url = f"postgres://chaos@127.0.0.1:{self._port}"
        self.env = {
            f"{name.upper()}_DATABASE_URL": f"{url}/{name}" for name in SERVICES
        }

    def __enter__(self) -> "PostgresServer":
        options = ("--username=chaos", "--auth=trust", "--no-sync", "--no-instructions")
        subprocess.run(
            [self._bin / "initdb", *options, "--pgdata", self._data],
            user=self._user,
            check=True,
            capture_output=True,
            cwd="/",
        )
        self._start()
        for service in SERVICES:
            self._execute("postgres", f'CREATE DATABASE "{service}"')
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop(signal.SIGQUIT)

    def rows(self, service: str, query: str) -> Rows:
        """Read from the database."""
        return self._execute(service, query)

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
        import psycopg

        where = f"postgresql://chaos@127.0.0.1:{self._port}/{database}"
        for attempt in range(50):
            try:
                with psycopg.connect(where, autocommit=True) as connection:
                    cursor = connection.execute(query, values)  # type: ignore[arg-type]
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:  # it is starting, or was just disturbed
                if attempt == 49:
                    raise
                time.sleep(0.2)
        raise AssertionError

    def _start(self) -> None:
        options = ("-p", str(self._port), "-c", "listen_addresses=127.0.0.1")
        options += ("-c", "max_connections=300", "-c", "unix_socket_directories=")
        self._server = subprocess.Popen(
            [self._bin / "postgres", "-D", self._data, *options],
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )

    def _stop(self, number: int) -> None:
        if self._server is not None:
            self._server.send_signal(number)
            self._server.wait(30)


def binaries() -> Path:
    """Return where PostgreSQL's programs are; raises SystemExit if there are none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    program = found[-1] if found else shutil.which("postgres")
    if program is None:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
    return Path(program).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def databases(kind: str, run_dir: Path) -> Iterator[Databases]:
    """Provide the databases of a run."""
    if kind == "sqlite":
        yield SqliteFiles(run_dir)
        return
    directory = run_dir / "postgres"
    directory.mkdir(mode=0o755)
    for parent in (run_dir, directory):
        parent.chmod(0o755)
    with PostgresServer(directory) as server:
        yield server
