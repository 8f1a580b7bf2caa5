"""Every commit and every send of one order's way: die there, before and after it.

Or stand still there for longer than the order's deadline, while others go on. Then at
every pair of points. Nothing else goes wrong, so what fails is short to read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.simulation.customers import Script
from tests.simulation.faults import Occasion
from tests.simulation.world import World


@dataclass(frozen=True)
class Way:
    """A way that an order may go, and the ends that are right for it."""

    script: Script
    ends: frozenset[str]
    undisturbed: str
    """The end if nothing fails on the way."""
    faults: frozenset[Occasion] = frozenset()
    """What always goes wrong on this way."""


def way(*ends: str, **script: object) -> Way:
    """Return a way with its ends; a crash may cost any order its deadline."""
    script_of = Script(**script)  # type: ignore[arg-type]
    return Way(script_of, frozenset({*ends, "expired"}), undisturbed=ends[0])


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
    "refund refused": replace(
        way("cancelled", lines={"POT": 1}, card="good", cancel_when="confirmed"),
        faults=frozenset({("refund_refused", 0)}),
    ),
    "a clock ahead": way(
        "confirmed", lines={"POT": 1}, card="good", ahead="inventory", stall=5.3
    ),
    "expire": way(
        "expired", "confirmed", lines={"POT": 1}, card="good", late="payments"
    ),
}


def leased(way: Way, lease: float) -> Way:
    """Return the way with another lease: after it, a second worker joins in."""
    return replace(way, script=replace(way.script, lease=lease))


def choices(
    way: Way, fault: str, at_once: int, first: tuple[int, ...] = ()
) -> Iterator[tuple[int, ...]]:
    """Yield every choice of so many points at which a process may fail on a way.

    After the first failure the course is another one: its points are counted anew.
    """
    world, found = go(way, fault, first)
    if not first:  # else the bus or a worker here does not do what it should
        ended = [one.end for one in world.customers]
        assert (found, ended) == ([], [way.undisturbed]), (found, ended)
    for point in range(first[-1] + 1 if first else 0, world.faults.occasions[fault]):
        if at_once == 1:
            yield (*first, point)
        else:
            yield from choices(way, fault, at_once - 1, (*first, point))


def go(way: Way, fault: str, at: tuple[int, ...]) -> tuple[World, list[str]]:
    """Go the way, failing at these points; return what is wrong in the end, too."""
    schedule = way.faults | {(fault, point) for point in at}
    world = World(0, script=way.script, schedule=schedule)
    found = world.run()
    return world, found + [
        f"{one.key}: ended as {end}"
        for one in world.customers
        for end in (one.end,)
        if end not in way.ends
    ]
