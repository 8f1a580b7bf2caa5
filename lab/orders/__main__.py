"""`python -m lab.orders`: whole orders to `confirmed`, of this suite and of others."""

import shutil
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import psycopg

from lab.orders import report
from lab.orders.load import Failed, loads, place
from lab.orders.peers import PEERS
from suite.supervisor import StartFailed
from tests.databases import postgresql

COUNTING = ("-c", "shared_preload_libraries=pg_stat_statements")
SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers")


def main() -> int:
    """Measure round by round, each peer in turn; print and write."""
    parser = ArgumentParser(prog="python -m lab.orders", description=__doc__)
    parser.add_argument("--only", default=",".join(PEERS), help="names, with commas")
    parser.add_argument("--seconds", type=float, default=8, help="for each figure")
    parser.add_argument("--connections", default="1,16,64", help="with commas")
    parser.add_argument("--rounds", type=int, default=3, help="the median is shown")
    parser.add_argument("--spread", action="store_true", help="leave out other loads")
    parser.add_argument("--out", type=Path, default=Path("lab/results/orders.json"))
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := set(names) - set(PEERS):
        parser.error(f"--only: expected some of {', '.join(PEERS)}, not {unknown}")
    try:
        connections = [int(number) for number in options.connections.split(",")]
    except ValueError:
        connections = []
    if not connections or min(connections) < 1:
        parser.error("--connections: expected numbers with commas, such as 1,16,64")
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds: expected at least 1")
    if shutil.which("wrk") is None:
        sys.exit("lab.orders: there is no wrk here: apt-get install wrk")
    rounds: report.Rounds = {name: {} for name in names}
    settings: dict[str, str] = {}
    for number in range(options.rounds):
        for name in names:
            print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
            try:
                settings |= _one_round(name, rounds[name], connections, options)
            except (Failed, StartFailed, OSError, psycopg.Error) as error:
                sys.exit(f"lab.orders: {name}: {error}")
    report.show(rounds, settings)
    command = "python -m lab.orders " + " ".join(sys.argv[1:])
    report.write(rounds, settings, command.strip(), options.out)
    return 0


def _one_round(
    name: str,
    figures: dict[str, list[dict[str, Any]]],
    connections: list[int],
    options: Namespace,
) -> dict[str, str]:
    """Measure a peer once under each load; return the database's settings."""
    with postgresql(*COUNTING) as server:
        server.execute("postgres", "CREATE EXTENSION pg_stat_statements")
        with PEERS[name](server) as running:
            for load in loads(iter(connections), only_spread=options.spread):
                measured = place(running, load, options.seconds)
                figures.setdefault(str(load), []).append(measured)
                print(f"  {load}: {measured['orders_per_s']:g}/s", file=sys.stderr)
        return {one: server.rows("postgres", f"SHOW {one}")[0][one] for one in SETTINGS}


if __name__ == "__main__":
    sys.exit(main())
