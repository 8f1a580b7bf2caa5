"""Many courses, run by several processes side by side."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import connection, get_context
from typing import Any, Protocol

from tests.simulation.setup import prepare, sweep_up


@dataclass(frozen=True, kw_only=True)
class Course:
    """What became of one seed, or of one choice of crash points."""

    name: str
    orders: int
    found: list[str]
    shortest: list[Any]
    """The misfortunes that are enough for what was found."""
    fired: Counter[str]
    met: Counter[str]
    seconds: float
    """Processor time."""


class Plan(Protocol):
    """What is to be run; each of `jobs` processes takes a share of it."""

    jobs: int

    def share(self, job: int) -> Iterator[Course]:
        """Run every jobs-th course, beginning with this one."""
        ...


@dataclass
class Seeds:
    """So many seeds from the first, or as many as there are seconds for, or some."""

    jobs: int
    first: int
    seeds: int
    seconds: float | None = None
    only: Sequence[int] | None = None
    shrink: bool = True

    def share(self, job: int) -> Iterator[Course]:
        """Run every jobs-th seed."""
        from tests.simulation.shrinking import shortest
        from tests.simulation.world import World

        begun = time.monotonic()
        for seed in islice(self._seeds(), job, None, self.jobs):
            if self.seconds and time.monotonic() - begun > self.seconds:
                return
            started = time.process_time()
            world = World(seed)
            found = world.run()
            sweep_up()
            yield Course(
                name=f"seed {seed}",
                orders=len(world.customers),
                found=found,
                seconds=time.process_time() - started,
                shortest=shortest(seed, world) if found and self.shrink else [],
                fired=Counter(name for name, _ in world.faults.fired),
                met=world.met,
            )

    def _seeds(self) -> Iterable[int]:
        if self.only is not None:
            return self.only
        if self.seconds:
            return count(self.first)
        return range(self.first, self.first + self.seeds)


@dataclass
class Points:
    """Every choice of so many points of each way at which a process may fail."""

    jobs: int
    at_once: int
    fault: str
    lease: float
    way: str | None = None

    def share(self, job: int) -> Iterator[Course]:
        """Fail at every jobs-th choice of points."""
        from tests.simulation.ways import WAYS, choices, go, leased

        ways = {
            name: leased(way, self.lease)
            for name, way in WAYS.items()
            if name == (self.way or name)
        }
        every = (
            (name, at)
            for name, way in ways.items()
            for at in choices(way, self.fault, self.at_once)
        )
        for name, at in islice(every, job, None, self.jobs):
            started = time.process_time()
            world, found = go(ways[name], self.fault, at)
            sweep_up()
            yield Course(
                name=f"{name}, {self.fault} at {at}",
                orders=len(world.customers),
                found=found,
                seconds=time.process_time() - started,
                shortest=[],
                fired=Counter(fault for fault, _ in world.faults.fired),
                met=world.met,
            )


def run(plan: Plan) -> Iterator[Course]:
    """Yield the courses of a plan as they are done.

    Raises RuntimeError if a process ends otherwise than well.
    """
    spawn = get_context("spawn")
    shares: dict[Any, Any] = {}
    for job in range(plan.jobs):
        ours, theirs = spawn.Pipe(duplex=False)
        share = spawn.Process(target=_share, args=(theirs, plan, job), daemon=True)
        share.start()
        theirs.close()
        shares[ours] = share
    try:
        while shares:
            for ours in connection.wait(list(shares)):
                try:
                    yield ours.recv()  # type: ignore[union-attr]
                except EOFError:
                    share = shares.pop(ours)
                    share.join()
                    if share.exitcode:
                        raise RuntimeError("a process of the simulation died") from None
    finally:
        for share in shares.values():
            share.terminate()
            share.join()


def _share(pipe: Any, plan: Plan, job: int) -> None:
    prepare()
    for course in plan.share(job):
        pipe.send(course)
