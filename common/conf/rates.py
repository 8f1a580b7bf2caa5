"""How often something may be done: 120/min."""

SECONDS = {"sec": 1, "min": 60, "hour": 3600, "day": 86_400}


def parsed(rate: str) -> tuple[int, int]:
    """Return a rate's count, and its period in seconds; raise ValueError if none."""
    count, _, period = rate.partition("/")
    if int(count) < 1 or period not in SECONDS:
        raise ValueError(rate)
    return int(count), SECONDS[period]
