"""The table and the JSON file of a run."""

import json
import os
import platform
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

Rounds = dict[str, dict[str, list[dict[str, Any]]]]
"""The figures of each round, by peer and load."""
SHOWN = (
    ("orders_per_s", "orders/s"),
    ("p50_ms", "p50 ms"),
    ("p99_ms", "p99 ms"),
    ("cpu_ms", "CPU-ms"),
    ("statements", "statements"),
    ("transactions", "transactions"),
    ("bus_operations", "bus"),
)


def show(rounds: Rounds, settings: dict[str, str]) -> None:
    """Print medians, ranges, and ratios to the first peer of the same load."""
    table = Table(
        "load", "peer", *(title for _, title in SHOWN), "× naive", "CPU-ms of"
    )
    for load in dict.fromkeys(name for peer in rounds.values() for name in peer):
        for peer, figures in rounds.items():
            if one := figures.get(load):
                base = rounds.get("naive", {}).get(load)
                table.add_row(load, peer, *_cells(one), _ratio(one, base), _parts(one))
        table.add_section()
    console = Console(width=200)
    console.print(table)
    console.print("PostgreSQL: " + ", ".join(f"{k} {v}" for k, v in settings.items()))


def write(rounds: Rounds, settings: dict[str, str], command: str, to: Path) -> None:
    """Write every round to a JSON file, with what it was measured on."""
    facts = {
        "command": command,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": settings,
        "rounds": rounds,
    }
    to.write_text(json.dumps(facts, indent=1) + "\n")


def _cells(figures: list[dict[str, Any]]) -> list[str]:
    cells = []
    for name, _ in SHOWN:
        values = sorted(one[name] for one in figures)
        spread = f" ({values[0]:g}–{values[-1]:g})" if len(values) > 1 else ""
        cells.append(f"{median(values):g}{spread}")
    return cells


def _ratio(figures: list[dict[str, Any]], base: list[dict[str, Any]] | None) -> str:
    if not base:
        return ""
    ours, theirs = (
        median(one["orders_per_s"] for one in rounds) for rounds in (figures, base)
    )
    return f"{ours / theirs:.2f}"


def _parts(figures: list[dict[str, Any]]) -> str:
    parts = figures[len(figures) // 2]["cpu_ms_of"]
    return ", ".join(f"{name} {value:g}" for name, value in parts.items() if value)
