"""`python -m lab.overload`: goodput at one to five times what the worker can do.

Goodput is replies in time. Exits with 1 if, at five times the capacity, it is below
80 % of its peak or if the median refusal takes more than 10 ms.
"""

import asyncio
import json
import sys
import tempfile
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

from common.rpc.client import Client
from common.rpc.errors import Busy, NoReply
from common.rpc.transports.channel import Channel
from lab import ours
from lab.brokers import broker, program
from lab.overload.toil import CAN_DO, CAPACITY, Toil


@dataclass
class Offered:
    """What became of the requests of one run."""

    load: float
    plain: bool
    seconds: float
    replies: int = 0
    no_replies: int = 0
    refused_ms: list[float] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def goodput(self) -> float:
        """Replies in time, per second."""
        return self.replies / self.seconds


async def offer(address: str, run: Offered) -> None:
    """Offer requests at a pace, whatever becomes of them."""
    ours.set_up()
    client = Client("lab", {"toil": Channel(ours.layer_at(address, CAPACITY))})

    async def one() -> None:
        begun = time.perf_counter()
        try:
            await client.call(Toil())
            run.replies += 1
        except Busy:
            run.refused_ms.append((time.perf_counter() - begun) * 1000)
        except NoReply:
            run.no_replies += 1

    rate = run.load * CAN_DO
    async with asyncio.TaskGroup() as tasks:
        begun = time.monotonic()
        for number in range(round(rate * run.seconds)):
            if (wait := begun + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            tasks.create_task(one())
    await client.close()


def measure(load: float, seconds: float, *, plain: bool) -> Offered:
    """Measure one load with a broker and a worker of its own."""
    run = Offered(load, plain, seconds)
    with tempfile.TemporaryDirectory() as directory, broker("valkey") as address:
        counts = Path(directory) / "dropped.json"
        argv = [sys.executable, "-m", "lab.overload.server", address, str(counts)]
        with program([*argv, *(["plain"] if plain else [])]):
            asyncio.run(
                offer(address, Offered(0.1, plain, 2))
            )  # it gets to know itself
            asyncio.run(offer(address, run))
        run.dropped = json.loads(counts.read_text())
    return run


def show(runs: list[Offered]) -> None:
    """Print a table."""
    table = Table("worker", "load", "goodput/s", "no reply", "refused")
    for heading in ("refused in, p50", "p99 ms", "dropped unserved"):
        table.add_column(heading)
    for one in runs:
        times = one.refused_ms
        table.add_row(
            "plain" if one.plain else "Cutpoints",
            f"{one.load:g}x",
            f"{one.goodput:.0f}",
            str(one.no_replies),
            str(len(times)),
            f"{median(times):.1f}" if times else "",
            f"{quantiles(times, n=100)[98]:.1f}" if len(times) > 1 else "",
            ", ".join(f"{count} {reason}" for reason, count in one.dropped.items()),
        )
    Console(width=110).print(table)


def main() -> int:
    """Measure, print and judge."""
    parser = ArgumentParser(prog="python -m lab.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="for each load")
    seconds = parser.parse_args().seconds
    loads = [(1, False), (2, False), (5, False), (5, True)]
    runs = [measure(load, seconds, plain=plain) for load, plain in loads]
    show(runs)
    ours = [one for one in runs if not one.plain]
    peak, most = max(one.goodput for one in ours), ours[-1]
    share = most.goodput / peak
    print(f"at {most.load:g}x: {share:.0%} of the peak of {peak:.0f}/s")
    return 0 if share >= 0.8 and median(most.refused_ms) <= 10 else 1


if __name__ == "__main__":
    sys.exit(main())
