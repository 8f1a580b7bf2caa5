"""Plays a scenario and holds it against what an attack may do."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.hostile import back
from tests.hostile.figures import Figures
from tests.hostile.honest import Impression, Shoppers
from tests.hostile.scenario import Attack, Scenario
from tests.hostile.stage import Stage
from tests.hostile.watch import Watch

HONEST_P95 = 1.0
"""Seconds."""
ATTACK_ENDS_WITHIN = 45.0
"""Seconds after which an attack is broken off and called a failure."""
NOT_SEEN = ("Traceback", "never awaited", "never retrieved", "Exception ignored")
"""Words that no web process may log, whatever it was sent."""


@dataclass
class Result:
    """What came of a scenario."""

    name: str
    before: dict[str, Figures]
    peak: dict[str, Figures]
    after: dict[str, Figures]
    honest: Impression
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Tell whether nothing was wrong."""
        return not self.faults


def judge(scenario: Scenario, stage: Stage, seconds: float) -> Result:
    """Play a scenario of so many seconds; victims that did not hold are replaced."""
    stage.all_orders_end()  # a crowd that an earlier attack left is not this one's
    began = time.monotonic()
    logged = len(stage.log)
    before = {one: stage.process(one).figures() for one in scenario.victims}
    places = back.waiting_places(stage) if scenario.counts_places else 0
    attack = Attack(stage, seconds)
    shoppers = Shoppers(stage.shop(with_products=scenario.inventory_answers))
    watch = Watch(stage.process(one) for one in scenario.victims)
    with watch, _silence(scenario, stage), shoppers:
        asyncio.run(_play(scenario, attack))
    result = Result(scenario.name, before, watch.peaks, {}, shoppers.impression)
    result.faults += _meanwhile(scenario, attack, result)
    if scenario.ends_process:
        stage.start_again(*scenario.victims)
        back.warm_up(stage, *scenario.victims)
    result.after, not_back = back.wait(stage, scenario, before)
    result.faults += not_back
    if scenario.counts_places:
        result.faults += back.places_lost(stage, places)
    result.faults += _logged(stage.log[logged:])
    if result.faults:
        stage.start_again(*scenario.victims)
        back.warm_up(stage, *scenario.victims)
    result.seconds = time.monotonic() - began
    return result


def _silence(
    scenario: Scenario, stage: Stage
) -> contextlib.AbstractContextManager[None]:
    return stage.inventory_silent() if scenario.silent else contextlib.nullcontext()


async def _play(scenario: Scenario, attack: Attack) -> None:
    try:
        async with asyncio.timeout(ATTACK_ENDS_WITHIN):
            await scenario.play(attack)
    except TimeoutError:
        attack.fault(f"the attack was not over after {ATTACK_ENDS_WITHIN:g} s")


def _meanwhile(scenario: Scenario, attack: Attack, result: Result) -> Iterator[str]:
    yield from attack.told()
    if not scenario.ends_process:
        yield from _dishonoured(result.honest)
        for service, peak in result.peak.items():
            before = result.before[service]
            yield from _too_dear(service, scenario, attack, before, peak)


def _dishonoured(honest: Impression) -> Iterator[str]:
    if not honest.seconds:
        yield "no honest request was made"
    if (p95 := honest.quantile(0.95)) > HONEST_P95:
        yield f"honest requests take {p95:.1f} s (p95)"
    for what, times in honest.errors.most_common(4):
        yield f"honest {what} ({times} times)"


def _too_dear(
    service: str, scenario: Scenario, attack: Attack, before: Figures, peak: Figures
) -> Iterator[str]:
    cost = scenario.cost
    files = before.files + attack.connections + cost.files
    for what, used, allowed in (
        ("threads", peak.threads, cost.threads),
        ("open files", peak.files, files),
        ("MiB", peak.mib, before.mib + cost.mib),
        ("database connections", peak.database, cost.database),
    ):
        if used > allowed:
            yield f"{service} used {used} {what}, at most {allowed} are right"


def _logged(lines: list[str]) -> Iterator[str]:
    for word in NOT_SEEN:
        found = [one for one in lines if word in one and " web│" in one]
        if found:
            yield f"{len(found)} lines of the log have {word!r}: {_last_error(lines)}"


def _last_error(lines: list[str]) -> str:
    """Return the line in which the first traceback of a web process ended."""
    at = next((n for n, line in enumerate(lines) if "Traceback" in line), 0)
    for line in lines[at + 1 :]:
        text = line.partition("│ ")[2]
        if text and not text.startswith((" ", "|", "+")):
            return text[:160]
    return lines[at][:160]
