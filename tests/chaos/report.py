"""What a run came to, as JSON."""

from bisect import bisect_right
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import msgspec

from tests.chaos.nemesis import Strike

End = tuple[datetime, datetime, str]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of a run; seconds unless said otherwise."""

    database: str
    seed: int
    seconds: float
    orders: int
    ended: dict[str, int]
    faults: dict[str, int]
    posts_unanswered: int
    all_ended_after_last_fault: float | None
    order_p50: float
    order_max: float
    recovery_p50: float
    """From the end of a fault until all orders have ended that were open then."""
    recovery_max: float
    violations: list[str]


def recoveries(strikes: list[Strike], ends: list[End], began: datetime) -> list[float]:
    """Return of each fault how long the orders that it met took to end."""
    found = []
    for strike in strikes:
        healed = strike.ended
        met = [
            (at - began).total_seconds() - healed
            for placed, at, _ in ends
            if (placed - began).total_seconds() <= healed
            and (at - began).total_seconds() > healed
        ]
        found.append(max(met, default=0.0))
    return found


def times(ends: list[End]) -> list[float]:
    """Return of each order how long it took to its (first) end."""
    return [(at - placed).total_seconds() for placed, at, _ in ends]


def middle(values: list[float]) -> float:
    """Return the median, rounded; 0 of nothing."""
    return round(median(values), 2) if values else 0.0


def still_open(ends: list[End], began: datetime) -> list[int]:
    """Return how many orders were open at each second."""
    placed = sorted((one - began).total_seconds() for one, _, _ in ends)
    ended = sorted((one - began).total_seconds() for _, one, _ in ends)
    seconds = range(int(max(ended, default=0)) + 2)
    return [bisect_right(placed, s) - bisect_right(ended, s) for s in seconds]


def write(
    result: Result, strikes: list[Strike], still_open: list[int], directory: Path
) -> Path:
    """Write figures, faults and open orders as chaos-DATABASE.json."""
    directory.mkdir(parents=True, exist_ok=True)
    in_order = sorted(strikes, key=lambda strike: strike.begun)
    facts = {
        "result": asdict(result),
        "open_orders_by_second": still_open,
        "strikes": [asdict(strike) for strike in in_order],
    }
    path = directory / f"chaos-{result.database}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1))
    return path
