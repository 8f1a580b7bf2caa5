"""What a web process holds right now, read from /proc and from its database."""

import contextlib
import os
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

from tests.databases import Databases, SqliteFiles

LISTENING = "0A"
BY_PROCESS = """
    SELECT application_name AS name, count(*) AS count FROM pg_stat_activity
    WHERE right(application_name, 4) = ' web' GROUP BY application_name
"""


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
    """Connections to its database: PostgreSQL's own count, or opened SQLite files."""

    def most(self, other: "Figures") -> "Figures":
        """Return the greater figure of each kind."""
        pairs = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in KINDS}
        return Figures(**{name: max(pair) for name, pair in pairs.items()})


KINDS = fields(Figures)


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
            files = self._files()
            return Figures(
                threads=int(values["Threads"]),
                files=len(files),
                mib=int(values.get("VmRSS", "0 kB").split()[0]) // 1024,
                connections=accepted()[self.port],
                database=self._database_connections(files),
            )
        return Figures()

    def _files(self) -> list[str]:
        found = []
        for one in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed while we looked
                found.append(os.readlink(one))
        return found

    def _database_connections(self, files: list[str]) -> int:
        if isinstance(self._database, SqliteFiles):
            return sum(one.endswith(f"/{self.service}.sqlite3") for one in files)
        rows = self._database.rows(self.service, BY_PROCESS)
        return {row["name"]: int(row["count"]) for row in rows}.get(
            f"{self.service} web", 0
        )


def accepted() -> Counter[int]:
    """Count the machine's accepted IPv4 connections by their local port.

    What still waits in the kernel's queue, or was closed by its process, has no inode.
    """
    found: Counter[int] = Counter()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] != LISTENING and words[9] != "0":
            found[int(words[1].rpartition(":")[2], 16)] += 1
    return found
