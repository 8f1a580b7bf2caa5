"""`python -m tests.chaos`: the real suite under a nemesis, then its books checked.

Everything runs here, on loopback, for the time that is said; nothing is left behind.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos import checker, report
from tests.chaos.nemesis import Nemesis
from tests.chaos.shoppers import Shoppers
from tests.chaos.stage import stage

ENDED_WITHIN = 30.0
"""Seconds after the last fault within which every accepted order must have ended."""


def run(options: Namespace) -> int:
    """Play a run, write down what it came to and return 1 if anything was wrong."""
    with stage(options.database) as play:
        began = datetime.now(UTC) - timedelta(seconds=play.seconds())
        shoppers = Shoppers(play, options.seed, options.rate)
        nemesis = Nemesis(play, options.seed, options.pause)
        shoppers.start()
        nemesis.start()
        give_up = time.monotonic() + 60 * options.minutes
        while (left := give_up - time.monotonic()) > 0:
            time.sleep(min(30, left))
            orders = sum(bool(one.ids) for one in shoppers.histories)
            said = f"{orders} orders, {len(nemesis.strikes)} faults"
            print(f"{play.seconds():.0f} s: {said}", flush=True)
        nemesis.stop()
        last_fault = play.seconds()
        shoppers.stop()
        waited = checker.wait_for_the_end(play, 90)
        found = checker.violations(play, shoppers.histories)
        ends = checker.ends(play)
        found += [f"nemesis: {failure}" for failure in nemesis.failures]
        ended_at = max((at for _, at, _ in ends), default=began)
        late = (ended_at - began).total_seconds() - last_fault
        if waited is None or late > ENDED_WITHIN:
            found.append(f"5: the last order ended {late:.0f} s after the last fault")
        recoveries = report.recoveries(nemesis.strikes, ends, began)
        result = report.Result(
            database=options.database,
            seed=options.seed,
            seconds=round(last_fault, 1),
            orders=sum(bool(one.ids) for one in shoppers.histories),
            ended=dict(Counter(end for _, _, end in ends).most_common()),
            faults=dict(Counter(one.kind for one in nemesis.strikes).most_common()),
            posts_unanswered=sum(one.unanswered for one in shoppers.histories),
            all_ended_after_last_fault=round(late, 1),
            order_p50=report.middle(report.times(ends)),
            order_max=round(max(report.times(ends), default=0.0), 2),
            recovery_p50=report.middle(recoveries),
            recovery_max=round(max(recoveries, default=0.0), 2),
            violations=found,
        )
        if options.log:
            options.log.write_text("\n".join(play.log))
    still_open = report.still_open(ends, began)
    path = report.write(result, nemesis.strikes, still_open, options.out)
    print(*found[:50], sep="\n")
    print(f"{result.orders} orders: {result.ended}")
    print(f"{sum(result.faults.values())} faults: {result.faults}")
    print(
        f"orders took {result.order_p50} s (p50), {result.order_max} s (max); after a "
        f"fault all had ended in {result.recovery_p50} s (p50), "
        f"{result.recovery_max} s (max), after the last one in "
        f"{result.all_ended_after_last_fault} s"
    )
    print(f"{len(found)} violations; figures in {path}")
    return 1 if found else 0


def main() -> int:
    """Read the options and run."""
    parser = ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), default="sqlite"
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of faults and orders")
    parser.add_argument("--rate", type=float, default=24, help="orders a second")
    parser.add_argument("--pause", type=float, default=2, help="seconds between faults")
    parser.add_argument("--out", type=Path, default=Path("tests/chaos/results"))
    parser.add_argument("--log", type=Path, help="file for the programs' last lines")
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
