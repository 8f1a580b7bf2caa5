"""Running many seeds, several processes side by side."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from multiprocessing import connection, get_context
from typing import Any

from tests.simulation.setup import prepare, sweep_up


@dataclass(frozen=True)
class Course:
    """What became of one seed, or of one choice of crash points."""

    name: str
    orders: int
    found: list[str]
    shortest: list[object]
    fired: Counter[str]
    met: Counter[str]
    seconds: float
    """Processor time, for which a second of a core stands."""


def one_seed(seed: int) -> Course:
    """Run a seed in this process, and shorten its schedule if it found something."""
    from tests.simulation.shrinking import shortest
    from tests.simulation.world import World

    begun = time.process_time()
    world = World(seed)
    found = world.run()
    sweep_up()
    took = time.process_time() - begun
    return Course(
        name=f"seed {seed}",
        orders=len(world.customers),
        found=found,
        shortest=list(shortest(seed, world)) if found else [],
        fired=Counter(name for name, _ in world.faults.fired),
        met=world.met,
        seconds=took,
    )


def courses(
    jobs: int, first: int, *, seeds: int, seconds: float | None
) -> Iterator[Course]:
    """Yield the courses of so many seeds, or of as many as there is time for.

    Raises RuntimeError if a process ends otherwise than well.
    """
    spawn = get_context("spawn")
    shares: dict[Any, Any] = {}
    for job in range(jobs):
        ours, theirs = spawn.Pipe(duplex=False)
        words = (theirs, first + job, jobs, first + seeds, seconds)
        share = spawn.Process(target=_share, args=words, daemon=True)
        share.start()
        theirs.close()
        shares[ours] = share
    try:
        while shares:
            for ours in connection.wait(list(shares)):
                try:
                    yield ours.recv()
                except EOFError:
                    share = shares.pop(ours)
                    share.join()
                    if share.exitcode:
                        raise RuntimeError("a process of the simulation died") from None
    finally:
        for share in shares.values():
            share.terminate()
            share.join()


def _share(pipe: Any, first: int, step: int, end: int, seconds: float | None) -> None:
    """Run every so-many-th seed."""
    prepare()
    begun = time.perf_counter()
    for seed in count(first, step):
        if time.perf_counter() - begun > seconds if seconds else seed >= end:
            return
        pipe.send(one_seed(seed))
