"""What orders cost: processor time, statements, transactions, operations of the bus."""

from collections import Counter
from dataclasses import dataclass

import psutil
import redis

from lab.orders.peers import Running

NOT_COUNTED = r"^(begin|commit|rollback|set|show|select (1|\$\d+) from only)"
"""The last one is how PostgreSQL checks a foreign key, with its 1 as a parameter."""


@dataclass(frozen=True)
class Used:
    """What was used up to a moment."""

    cpu: dict[str, float]
    """Seconds of processor time by program."""
    statements: int
    transactions: int
    bus_operations: int

    def since(self, before: "Used", orders: int) -> dict[str, object]:
        """Return what each of some orders took."""
        cpu = {
            name: round((self.cpu[name] - before.cpu[name]) * 1000 / orders, 2)
            for name in self.cpu
        }
        return {
            "cpu_ms": round(sum(cpu.values()), 2),
            "cpu_ms_of": cpu,
            "statements": round((self.statements - before.statements) / orders, 1),
            "transactions": round(
                (self.transactions - before.transactions) / orders, 1
            ),
            "bus_operations": round(
                (self.bus_operations - before.bus_operations) / orders, 1
            ),
        }


def used(running: Running) -> Used:
    """Return what a peer has used so far."""
    cpu = {name: _seconds(pid) for name, pid in running.pids.items()}
    cpu["postgresql"] = _seconds(running.server.pid)
    names = ", ".join(f"'{name}'" for name in running.databases)
    [counted] = running.server.rows(
        "postgres",
        "SELECT sum(xact_commit + xact_rollback)::bigint AS transactions "  # noqa: S608
        f"FROM pg_stat_database WHERE datname IN ({names})",
    )
    [asked] = running.server.rows(
        "postgres",
        "SELECT coalesce(sum(calls), 0)::bigint AS statements "  # noqa: S608
        "FROM pg_stat_statements JOIN pg_database ON dbid = pg_database.oid "
        f"WHERE datname IN ({names}) AND query !~* '{NOT_COUNTED}'",
    )
    return Used(
        cpu=cpu,
        statements=asked["statements"],
        transactions=counted["transactions"],
        bus_operations=_operations(running.bus_url),
    )


def _seconds(pid: int) -> float:
    """Return the processor time of a process, its children, and those that ended."""
    total: Counter[str] = Counter()
    for process in (one := psutil.Process(pid), *one.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total["all"] += times.user + times.system
        if process.pid == pid:
            total["all"] += times.children_user + times.children_system
    return float(total["all"])


def _operations(bus_url: str | None) -> int:
    if bus_url is None:
        return 0
    with redis.Redis.from_url(bus_url) as bus:
        return int(bus.info("stats")["total_commands_processed"])
