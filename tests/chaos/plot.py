"""`python -m tests.chaos.plot FILE.json`: draws a run, with matplotlib."""

import json
import sys
from collections import Counter
from pathlib import Path

from matplotlib import pyplot


def plot(path: Path) -> None:
    """Draw the orders that were open and the faults, beside the figures as SVG."""
    facts = json.loads(path.read_text())
    result, strikes = facts["result"], facts["strikes"]
    still_open = facts["open_orders_by_second"]
    pyplot.rcParams.update({"svg.hashsalt": "cutpoints", "font.size": 9})
    figure, (above, below) = pyplot.subplots(
        2, 1, figsize=(9, 5), sharex=True, height_ratios=(2, 1.6)
    )
    above.fill_between(range(len(still_open)), still_open, color="#b33", alpha=0.7)
    above.set_ylabel("open orders")
    kinds = [kind for kind, _ in Counter(s["kind"] for s in strikes).most_common()]
    for strike in strikes:
        width = max(strike["ended"] - strike["begun"], 0.5)
        row = kinds.index(strike["kind"])
        below.barh(row, width, left=strike["begun"], color="#557")
    below.set_yticks(range(len(kinds)), kinds)
    below.invert_yaxis()
    below.set_xlabel(f"seconds; {result['orders']} orders on {result['database']}")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    for name in sys.argv[1:]:
        plot(Path(name))
