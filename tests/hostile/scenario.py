"""What a scenario is: an attack, its victims, and what it may cost them."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from common.contracts.topology import SERVING
from tests.hostile.stage import Stage

NAMED = 6
"""Cases that are named with a fault."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a web process may spend at most while the attack lasts."""

    threads: int = 64
    """In all: a third of the 200 that docker-compose.yml grants a container."""
    files: int = 64
    """More than before, besides one for each connection of the attack."""
    mib: int = 64
    """More than before."""
    database: int = 14
    """In all: WEB_THREADS of 4, DB_THREADS of 8, and the readiness check's."""


class Attack:
    """One run of a scenario: its stage, its time, and what it found to be wrong."""

    def __init__(self, stage: Stage, seconds: float) -> None:
        self.stage, self.seconds = stage, seconds
        self.faults: dict[str, list[str]] = {}
        """What is wrong, and with what it was met, as often as it was."""
        self.connections = 0
        """The most that the attack has open at once; it says so itself."""

    def fault(self, what: str, at: str = "") -> None:
        """Note what is wrong, and with which case."""
        self.faults.setdefault(what, []).append(at)

    def told(self) -> Iterator[str]:
        """Yield each fault once, with some of the cases that met it."""
        for what, cases in self.faults.items():
            named = [case for case in dict.fromkeys(cases) if case]
            such = ": " + "; ".join(named[:NAMED]) if named else ""
            more = "; …" if len(named) > NAMED else ""
            often = f" ({len(cases)} times)" if len(cases) > 1 else ""
            yield f"{what}{often}{such}{more}"


Play = Callable[[Attack], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A named attack. Its docstring says what is tried and what is right."""

    name: str
    play: Play
    victims: tuple[str, ...] = ("orders",)
    cost: Cost = field(default_factory=Cost)
    silent: bool = False
    """Inventory's worker hears nothing meanwhile."""
    counts_places: bool = False
    """The places for waiting requests are counted before and after."""
    ends_process: bool = False
    """The victims leave, as they were told to."""

    @property
    def inventory_answers(self) -> bool:
        """Tell whether products can be had: who counts places silences inventory."""
        return not (self.silent or self.counts_places)

    @property
    def about(self) -> str:
        """Return what the scenario tries, in one line."""
        return " ".join((self.play.__doc__ or "").split())


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str,
    *,
    everywhere: bool = False,
    cost: Cost | None = None,
    silent: bool = False,
    counts_places: bool = False,
    ends_process: bool = False,
) -> Callable[[Play], Play]:
    """Decorate an attack to make it a scenario; `everywhere` is at all three sites."""

    def register(play: Play) -> Play:
        SCENARIOS[name] = Scenario(
            name=name,
            play=play,
            victims=SERVING if everywhere else ("orders",),
            cost=cost or Cost(),
            silent=silent,
            counts_places=counts_places,
            ends_process=ends_process,
        )
        return play

    return register
