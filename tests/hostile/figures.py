"""What a web process holds right now, read from /proc."""

import contextlib
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.databases import Databases, SqliteFiles

LISTENING = "0A"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts of one process at one moment."""

    threads: int = 0
    files: int = 0
    """Open file descriptors, connections included."""
    mib: int = 0
    """Resident memory."""
    connections: int = 0
    """Accepted connections of clients, whatever their state."""
    database: int = 0
    """Connections to its database: sockets to PostgreSQL, or opened SQLite files."""

    def most(self, other: "Figures") -> "Figures":
        """Return the greater figure of each kind."""
        pairs = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in KINDS}
        return Figures(**{name: max(pair) for name, pair in pairs.items()})


KINDS = fields(Figures)


class Socket(NamedTuple):
    """An IPv4 socket of this machine that a process holds."""

    local: int
    remote: int
    inode: str


class Process:
    """A web process under watch."""

    def __init__(self, service: str, pid: int, port: int, database: Databases) -> None:
        self.service, self.pid, self.port = service, pid, port
        self._database = database

    def figures(self) -> Figures:
        """Look; all figures are 0 once the process has ended."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            status = Path(f"/proc/{self.pid}/status").read_text().splitlines()
            values = dict(line.split(":", 1) for line in status)
            files, sockets = self._files(), open_sockets()
            return Figures(
                threads=int(values["Threads"]),
                files=len(files),
                mib=int(values.get("VmRSS", "0 kB").split()[0]) // 1024,
                connections=sum(one.local == self.port for one in sockets),
                database=self._database_connections(files, sockets),
            )
        return Figures()

    def _files(self) -> list[str]:
        found = []
        for one in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed while we looked
                found.append(os.readlink(one))
        return found

    def _database_connections(self, files: list[str], sockets: list[Socket]) -> int:
        if isinstance(self._database, SqliteFiles):
            return sum(one.endswith(f"/{self.service}.sqlite3") for one in files)
        port = urlsplit(self._database.env[f"{self.service.upper()}_DATABASE_URL"]).port
        ours = set(files)
        return sum(
            one.remote == port and f"socket:[{one.inode}]" in ours for one in sockets
        )


def open_sockets() -> list[Socket]:
    """Return all IPv4 sockets but those that listen.

    What still waits in the kernel's queue, or was closed by its process, has no inode.
    """
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [
        Socket(_port(words[1]), _port(words[2]), words[9])
        for words in map(str.split, lines)
        if words[3] != LISTENING and words[9] != "0"
    ]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def accepted(port: int) -> int:
    """Count the connections to this port that a process has accepted."""
    return sum(one.local == port for one in open_sockets())
