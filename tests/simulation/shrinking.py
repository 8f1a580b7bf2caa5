"""From a seed that fails to the few misfortunes that it takes."""

from tests.simulation.faults import Occasion
from tests.simulation.world import World


def shortest(seed: int, failed: World, most: int = 100) -> list[Occasion]:
    """Leave out what the violation does not need, within so many runs.

    A shorter course is another one, in which later occasions have other numbers; so
    what is returned was run and fails, but need not be a part of the first course.
    """
    needed = list(failed.faults.fired)
    size = max(1, len(needed) // 2)
    runs = 0
    while size and runs < most:
        start, shorter = 0, False
        while start < len(needed) and runs < most:
            fewer = needed[:start] + needed[start + size :]
            runs += 1
            if World(seed, schedule=set(fewer)).run():
                needed, shorter = fewer, True
            else:
                start += size
        size = size if shorter and size == 1 else size // 2
    return needed
