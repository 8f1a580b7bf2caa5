"""Placing orders with wrk, and what that took."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.orders.cost import used
from lab.orders.peers import Running, wait_until_ended

SCRIPT = Path(__file__).with_name("place.lua")
WAIT = 20
"""Seconds that a client waits for its order's end."""


class Failed(Exception):
    """A load met an error; what it would show is no figure."""


@dataclass(frozen=True)
class Load:
    """How orders are placed."""

    connections: int
    what: str = "spread"
    """Two lines of a hundred products, one line of one product, or fifty lines."""
    waits: bool = True

    def __str__(self) -> str:
        return f"{self.what}, {self.connections}" + ("" if self.waits else ", no wait")


def loads(connections: Iterator[int], *, only_spread: bool) -> list[Load]:
    """Return the loads of a run."""
    numbers = list(connections)
    spread = [Load(number) for number in numbers]
    if only_spread:
        return spread
    middle = 16 if 16 in numbers else numbers[-1]
    others = [Load(middle, "hot"), Load(middle, "fifty"), Load(middle, waits=False)]
    return spread + others


def place(running: Running, load: Load, seconds: float) -> dict[str, Any]:
    """Place orders for a while and return the figures; raise Failed for none."""
    _wrk(running, load, min(3.0, seconds))
    wait_until_ended(running)
    before, confirmed = used(running), running.confirmed()
    told = _wrk(running, load, seconds)
    wait_until_ended(running)
    orders = running.confirmed() - confirmed
    after = used(running)
    if not orders or set(told["answers"]) - {"200", "201", "202"}:
        raise Failed(f"{load}: {orders} confirmed, answers {told['answers']}")
    return {
        "orders": orders,
        "orders_per_s": round(orders / told["seconds"], 1),
        "p50_ms": round(told["p50_ms"], 1),
        "p99_ms": round(told["p99_ms"], 1),
        "answers": told["answers"],
        "failed": told["failed"],
        **after.since(before, orders),
    }


def _wrk(running: Running, load: Load, seconds: float) -> Any:
    url = f"http://127.0.0.1:{running.port}"
    wait = str(WAIT) if load.waits else "0"
    argv = [
        "wrk",
        "-t1",
        f"-c{load.connections}",
        f"-d{seconds:g}s",
        "--timeout",
        "30s",
    ]
    argv += ["-s", str(SCRIPT), url, "--", load.what, wait, running.card_token]
    done = subprocess.run(  # noqa: S603 our own command line
        argv, capture_output=True, text=True, check=False
    )
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    raise Failed(f"wrk: {done.stderr or done.stdout}")
