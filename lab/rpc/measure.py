"""Closed-loop measurement: so many calls are in flight at any time."""

import asyncio
import itertools
import statistics
import time
from dataclasses import asdict, dataclass

from lab.processor import processor_seconds
from lab.rpc.peers import Call
from lab.rpc.running import running

BODY_BYTES = 150
WARM_UP = 1.0


@dataclass(frozen=True)
class Figures:
    """What one peer did with so many calls in flight."""

    in_flight: int
    p50_ms: float
    p99_ms: float
    rps: float
    client_us: float
    """Processor time for each request, here and in the next two, in microseconds."""
    broker_us: float
    server_us: float


async def measure(
    name: str, in_flight: tuple[int, ...], seconds: float
) -> list[Figures]:
    """Run a peer and return its figures, one for each number of calls in flight."""
    async with running(name) as (call, server):
        figures = []
        for number in in_flight:
            await _load(call, number, WARM_UP)
            before = processor_seconds(server)
            took, lasted = await _load(call, number, seconds)
            used = zip(before, processor_seconds(server), strict=True)
            client, broker, served = ((b - a) / len(took) * 1e6 for a, b in used)
            figures.append(
                Figures(
                    in_flight=number,
                    p50_ms=took[len(took) // 2] * 1000,
                    p99_ms=took[len(took) * 99 // 100] * 1000,
                    rps=len(took) / lasted,
                    client_us=client,
                    broker_us=broker,
                    server_us=served,
                )
            )
        return figures


async def _load(
    call: Call, in_flight: int, seconds: float
) -> tuple[list[float], float]:
    """Return how long each call took, and how long all of them together."""
    took: list[float] = []
    numbers = itertools.count()
    start = time.perf_counter()

    async def one_after_the_other() -> None:
        while (begun := time.perf_counter()) < start + seconds:
            body = b"%0*d" % (BODY_BYTES, next(numbers))
            if await call(body) != body:
                raise RuntimeError("the answer is another caller's")
            took.append(time.perf_counter() - begun)

    await asyncio.gather(*(one_after_the_other() for _ in range(in_flight)))
    return sorted(took), time.perf_counter() - start


def medians(rounds: list[list[Figures]]) -> list[Figures]:
    """Return the median of each figure over several rounds."""
    merged = []
    for same in zip(*rounds, strict=True):
        rows = [asdict(figures) for figures in same]
        merged.append(
            Figures(
                **{key: statistics.median(row[key] for row in rows) for key in rows[0]}
            )
        )
    return merged
