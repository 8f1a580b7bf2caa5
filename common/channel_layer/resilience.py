"""Faults on purpose, so that a system can prove that it stands them.

Channels' authors had such a mode in mind from the start: messages get lost rarely, so
code that cannot stand it is found late (Channels 1 docs, "resilience"). Set as

    "resilience": {"seed": 7, "channels": {"*.request": {"drop": 0.02, "delay": 0.1}}}

or, as text, `seed=7; *.request drop=0.02 delay=0.1; response.* duplicate=0.05`.
"""

import asyncio
import fnmatch
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

from channels.exceptions import ChannelFull

from common.channel_layer.errors import ChannelLayerError

Push = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Faults:
    """How often (0 to 1) which fault befalls a message; each gets one at most."""

    drop: float = 0.0
    """The sender believes that it was sent."""
    duplicate: float = 0.0
    """It is sent twice."""
    delay: float = 0.0
    """It is sent later, by up to `seconds`."""
    reorder: float = 0.0
    """It is sent after the next message of its channel, or after `seconds`."""
    seconds: float = 0.5

    def __post_init__(self) -> None:
        """Raise ValueError for rates that cannot be."""
        rates = (self.drop, self.duplicate, self.delay, self.reorder)
        if min(rates) < 0 or sum(rates) > 1 or not 0 < self.seconds <= 3600:
            raise ValueError(
                f"resilience: expected rates from 0 to 1, together at most 1, and "
                f"seconds above 0: {self}"
            )


class Resilience:
    """Commits faults at given rates; the same seed makes the same choices.

    Each pattern draws from its own sequence, so what happens to one channel's messages
    does not depend on how many others were sent in between.
    """

    def __init__(self, setting: Mapping[str, Any], counts: Counter[str]) -> None:
        """Set it up; raises ValueError or TypeError for a setting that is none."""
        if unknown := set(setting) - {"seed", "channels"}:
            raise ValueError(f"resilience: unknown {', '.join(sorted(unknown))}")
        seed = setting.get("seed", 0)
        self._faults = {
            pattern: (Faults(**rates), random.Random(f"{seed} {pattern}"))  # noqa: S311
            for pattern, rates in setting["channels"].items()
        }
        self._counts = counts
        self._held: dict[str, asyncio.Event] = {}
        self._later: set[asyncio.Task[None]] = set()

    async def carry(self, channel: str, push: Push) -> None:
        """Push a message, or do with it what its fate demands."""
        match self._fate(channel):
            case "drop", _:
                return
            case "duplicate", _:
                await push()
                with suppress(ChannelFull):
                    await push()
            case "delay", seconds:
                self._push_later(push, asyncio.sleep(seconds))
            case "reorder", seconds:
                overtaken = self._held[channel] = asyncio.Event()
                self._push_later(push, _wait(overtaken, seconds))
            case _:
                await push()
                if held := self._held.pop(channel, None):
                    held.set()

    def _fate(self, channel: str) -> tuple[str, float]:
        for pattern, (faults, rng) in self._faults.items():
            if not fnmatch.fnmatchcase(channel, pattern):
                continue
            draw, seconds = rng.random(), rng.uniform(0, faults.seconds)
            for fault in ("drop", "duplicate", "delay", "reorder"):
                draw -= getattr(faults, fault)
                if draw < 0:
                    self._counts[f"resilience_{fault}"] += 1
                    return fault, faults.seconds if fault == "reorder" else seconds
            break
        return "none", 0.0

    def _push_later(self, push: Push, wait: Awaitable[None]) -> None:
        async def later() -> None:
            await wait
            try:
                await push()
            except (ChannelFull, ChannelLayerError):  # its sender is gone
                self._counts["resilience_lost"] += 1

        task = asyncio.create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def parse(text: str) -> dict[str, Any]:
    """Return a setting that is written as text; raises ValueError naming the part."""
    setting: dict[str, Any] = {"channels": {}}
    known = {field.name for field in fields(Faults)}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        if part.startswith("seed="):
            setting["seed"] = int(part.removeprefix("seed="))
            continue
        pattern, *rates = part.split()
        pairs = [rate.partition("=")[::2] for rate in rates]
        if not pairs or any(name not in known for name, _ in pairs):
            raise ValueError(f"{part!r}: expected a pattern and {', '.join(known)}")
        setting["channels"][pattern] = {name: float(rate) for name, rate in pairs}
    Resilience(setting, Counter())
    return setting
