"""How long to wait before trying again."""

import random


def full_jitter(
    attempt: int, *, base: float, cap: float, rng: random.Random | None = None
) -> float:
    """Return seconds to wait after failed attempt number `attempt` (from 1).

    A uniform draw from 0 to min(cap, base · 2^(attempt-1)), so that those who failed
    together do not come back together ("full jitter", Brooker, AWS Architecture Blog,
    2015).
    """
    ceiling = min(cap, base * 2.0 ** min(attempt - 1, 30))
    return (rng or random.SystemRandom()).uniform(0, ceiling)
