"""Every commit and every send of one order's way: die there, before and after it.

Then at every pair of them. Nothing else goes wrong, so what fails is short to read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from tests.simulation.customers import Script
from tests.simulation.world import World


@dataclass(frozen=True)
class Way:
    """A way that an order may go, and the ends that are right for it."""

    script: Script
    ends: frozenset[str]


def way(*ends: str, **script: object) -> Way:
    """Return a way with its ends; a crash may cost any order its deadline."""
    return Way(Script(**script), frozenset({*ends, "expired"}))  # type: ignore[arg-type]


WAYS = {
    "confirm": way("confirmed", lines={"POT": 1}, card="good"),
    "out of stock": way("rejected", lines={"LAST": 2}, card="good"),
    "decline": way("rejected", lines={"POT": 1}, card="declined"),
    "cancel before": way(
        "cancelled", "confirmed", lines={"POT": 1}, card="good", cancel_when="placed"
    ),
    "cancel after": way(
        "cancelled", lines={"POT": 1}, card="good", cancel_when="confirmed"
    ),
    "expire": way("confirmed", lines={"POT": 1}, card="good", late="payments"),
}


def points(way: Way) -> int:
    """Count the points of a way at which a process could die."""
    world = World(0, script=way.script, schedule=())
    found = world.run()
    assert not found, found
    return world.faults.occasions["crash"]


def wrong(way: Way, crashes: tuple[int, ...]) -> list[str]:
    """Go the way, dying at these points, and return what is wrong in the end."""
    schedule = {("crash", point) for point in crashes}
    world = World(0, script=way.script, schedule=schedule)
    found = world.run()
    return found + [
        f"{one.key}: ended as {end}"
        for one in world.customers
        for end in (one.end,)
        if end not in way.ends
    ]


def crashes(points: int, *, at_once: int) -> Iterator[tuple[int, ...]]:
    """Yield every choice of so many points."""
    yield from combinations(range(points), at_once)
