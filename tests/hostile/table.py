"""What came of the scenarios, for people and for programs."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from tests.hostile.figures import Figures
from tests.hostile.honest import figures
from tests.hostile.judge import Result

COLUMNS = ("threads", "files", "mib", "connections", "database")
HEADINGS = ("scenario", *COLUMNS, "honest p50 / p95", "seconds", "verdict")
WIDTH = 160


def show(results: Iterable[Result]) -> None:
    """Print the table, and below it everything that was wrong."""
    console = Console(width=WIDTH)
    table = Table(
        *(Column(name, no_wrap=True) for name in HEADINGS),
        box=SIMPLE,
        caption="before / peak / after, of the process that it cost most",
    )
    results = list(results)
    for one in results:
        table.add_row(
            one.name,
            *_costs(one),
            f"{one.honest.quantile(0.5):.2f} / {one.honest.quantile(0.95):.2f}",
            f"{one.seconds:.0f}",
            "holds" if one.holds else f"[bold red]BAD ({len(one.faults)})",
        )
    console.print(table)
    for one in results:
        for what in one.faults:
            console.print(f"{one.name}: {what}", markup=False, highlight=False)


def _costs(result: Result) -> list[str]:
    nothing = Figures()
    dearest = max(result.before, key=lambda one: result.peak.get(one, nothing).files)
    before, peak, after = (
        asdict(figures.get(dearest, nothing))
        for figures in (result.before, result.peak, result.after)
    )
    return [f"{before[name]} / {peak[name]} / {after[name]}" for name in COLUMNS]


def write(results: Iterable[Result], database: str, path: Path) -> None:
    """Write all figures as JSON."""
    facts = {
        "database": database,
        "scenarios": [
            {
                "name": one.name,
                "holds": one.holds,
                "faults": one.faults,
                "seconds": round(one.seconds, 1),
                "honest": figures(one.honest),
                **{
                    when: {service: asdict(f) for service, f in of.items()}
                    for when, of in (
                        ("before", one.before),
                        ("peak", one.peak),
                        ("after", one.after),
                    )
                },
            }
            for one in results
        ],
    }
    path.write_text(json.dumps(facts, indent=1) + "\n")
