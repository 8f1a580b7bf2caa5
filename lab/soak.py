"""`python -m lab.soak`: calls at a steady pace, some answered too late, and what grows.

Prints memory, connections and keys as it goes and exits with 1 if the last fifth of
the run needs more than the second fifth.
"""

import asyncio
import json
import os
import sys
import time
from argparse import ArgumentParser
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import psutil
import redis.asyncio

from common.rpc.client import Client
from common.rpc.errors import NoReply
from common.rpc.transports.channel import Channel
from lab import echo, ours
from lab.brokers import broker, program

BODY = b"x" * 150
TOLERANCE = 1.03
"""Memory may be so many times what it was; connections and keys may not grow."""


@dataclass(frozen=True)
class Sample:
    """What was in use at one moment."""

    seconds: int
    calls: int
    late: int
    client_mib: float
    worker_mib: float
    connections: int
    keys: int
    keys_without_expiry: int


class Soak:
    """Calls at a pace, and counts what comes of it."""

    def __init__(self, client: Client, late_share: float) -> None:
        self.calls = self.late = 0
        self.failures: list[str] = []
        self._client = client
        self._every = round(1 / late_share) if late_share else 0

    async def one(self) -> None:
        """Make one call; each so-many-th is answered after its timeout."""
        self.calls += 1
        try:
            if self._every and self.calls % self._every == 0:
                self.late += 1
                await self._client.call(echo.EchoLate(body=BODY))
                self.failures.append("a late reply was in time")
            else:
                await self._client.call(echo.EchoInline(body=BODY))
        except NoReply as error:
            if "EchoLate" not in str(error):
                self.failures.append(str(error))

    async def at_a_pace(self, rps: float, seconds: float) -> None:
        """Begin calls at equal distances, whatever becomes of the earlier ones."""
        begun, running = time.monotonic(), set()
        for number in range(round(rps * seconds)):
            due = begun + number / rps
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self.one())
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)


async def soak(address: str, worker: int, rps: float, minutes: float) -> list[Sample]:
    """Run it, printing a sample every ten seconds (or so), and return the samples."""
    ours.set_up()
    client = Client("soak", {"echo": Channel(ours.layer_at(address))})
    server = redis.asyncio.Redis.from_url(f"redis://{address}")
    work, samples, begun = Soak(client, 0.01), [], time.monotonic()
    load = asyncio.create_task(work.at_a_pace(rps, minutes * 60))
    while not load.done():
        await asyncio.wait({load}, timeout=max(1, minutes))
        keys = [key async for key in server.scan_iter()]
        without = [key for key in keys if await server.ttl(key) == -1]
        sample = Sample(
            seconds=round(time.monotonic() - begun),
            calls=work.calls,
            late=work.late,
            client_mib=_resident(os.getpid()),
            worker_mib=_resident(worker),
            connections=(await server.info("clients"))["connected_clients"],
            keys=len(keys),
            keys_without_expiry=len(without),
        )
        samples.append(sample)
        print(json.dumps(asdict(sample)), flush=True)
    await load
    await client.close()
    await server.aclose()
    if work.failures:
        raise RuntimeError(f"{len(work.failures)} failures: {work.failures[:3]}")
    return samples


def grown(samples: list[Sample]) -> list[str]:
    """Return what the last fifth needs more of than the second fifth."""
    fifth = max(1, len(samples) // 5)
    before, after = samples[fifth : 2 * fifth], samples[-fifth:]
    found = []
    for name in ("client_mib", "worker_mib", "connections", "keys"):
        was, now = (mean(getattr(s, name) for s in part) for part in (before, after))
        if now > was * (TOLERANCE if name.endswith("mib") else 1) + 0.5:
            found.append(f"{name}: {was:.1f} grew to {now:.1f}")
    if any(sample.keys_without_expiry for sample in samples):
        found.append("a key without expiry")
    return found


def _resident(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    return float(round(psutil.Process(pid).memory_info().rss / 2**20, 2))


def main() -> int:
    """Run against a broker and a worker of its own, on loopback."""
    parser = ArgumentParser(prog="python -m lab.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rps", type=float, default=500)
    parser.add_argument("--out", type=Path, help="write the samples here, as JSON")
    options = parser.parse_args()
    with broker("valkey") as address:
        server = [sys.executable, "-m", "lab.rpc.serve", "ours_inline", address]
        with program(server) as worker:
            samples = asyncio.run(soak(address, worker, options.rps, options.minutes))
    if options.out:
        options.out.write_text(json.dumps([asdict(s) for s in samples]) + "\n")
    for problem in (problems := grown(samples)):
        print(problem)
    print("grew" if problems else "flat")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
