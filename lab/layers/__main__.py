"""`python -m lab.layers`: the stock layer and ours under the stock tests and ours.

Exits with 1 if a test fails on our layer.
"""

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from common.conf.backends import OUR_CHANNEL_LAYER
from lab.layers.suites import SUITES, Outcomes

LAYERS = {"stock": "channels_redis.core.RedisChannelLayer", "ours": OUR_CHANNEL_LAYER}


def show(suite: str, columns: dict[str, Outcomes]) -> None:
    """Print what differs test by test, and the sums."""
    table = Table(f"{suite} tests", *columns)
    for name in sorted(set().union(*columns.values())):
        row = [outcomes.get(name, "–") for outcomes in columns.values()]
        if set(row) != {"passed"}:
            table.add_row(escape(name.partition("::")[2]), *row)
    sums = [Counter(outcomes.values()) for outcomes in columns.values()]
    cells = [", ".join(f"{n} {what}" for what, n in sorted(s.items())) for s in sums]
    table.add_row("all", *cells, style="bold")
    Console(width=110).print(table)


def main() -> int:
    """Run, print, judge."""
    parser = ArgumentParser(prog="python -m lab.layers", description=__doc__)
    parser.add_argument("--layer", choices=LAYERS, action="append", help="default: all")
    parser.add_argument("--suite", choices=SUITES, action="append", help="default: all")
    parser.add_argument("--out", type=Path, help="write the outcomes here, as JSON")
    options = parser.parse_args()
    results = {
        suite: {
            layer: SUITES[suite](LAYERS[layer]) for layer in options.layer or LAYERS
        }
        for suite in options.suite or SUITES
    }
    for suite, columns in results.items():
        show(suite, columns)
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")
    ours = [outcomes for columns in results.values() for outcomes in columns.items()]
    return int(
        any("failed" in found.values() for layer, found in ours if layer == "ours")
    )


if __name__ == "__main__":
    sys.exit(main())
