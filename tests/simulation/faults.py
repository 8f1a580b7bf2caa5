"""What goes wrong, how often, and what did: all of it from one seed."""

import random
from collections import Counter
from collections.abc import Collection

Occasion = tuple[str, int]
"""A fault's name, and which of its occasions: ("crash", 7) is the eighth."""
MOST = {
    "drop": 0.2,
    "duplicate": 0.2,
    "delay": 0.3,
    "past_deadline": 0.05,
    "stale": 0.05,
    "crash": 0.02,
    "stall": 0.03,
    "gateway_lost": 0.2,
    "gateway_silent": 0.3,
    "gateway_slow": 0.2,
    "refund_refused": 0.6,
}
"""The highest rate of each fault, by occasion."""


class Faults:
    """The dice of a seed, or a schedule that says what happens. Off, nothing does."""

    def __init__(
        self, rng: random.Random, schedule: Collection[Occasion] | None = None
    ) -> None:
        """Draw the rates: seeds are calm in one respect and wild in another."""
        self.off = False
        self.fired: list[Occasion] = []
        self.occasions: Counter[str] = Counter()
        self._rng = rng
        self._schedule = schedule
        self._rates = {
            name: rng.choice((0.0, most / 4, most)) for name, most in MOST.items()
        }

    def happens(self, name: str) -> bool:
        """Tell whether a fault happens on this occasion."""
        if self.off:
            return False
        occasion = name, self.occasions[name]
        self.occasions[name] += 1
        if self._schedule is None:
            happens = self._rng.random() < self._rates[name]
        else:
            happens = occasion in self._schedule
        if happens:
            self.fired.append(occasion)
        return happens
