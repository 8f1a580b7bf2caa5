"""`python -m tests.simulation`: seeds, or every point, and what they came to.

seeds    random courses with random misfortunes
points   one order's way, failing at each commit and send, or at pairs of them
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter

from tests.simulation import courses
from tests.simulation.setup import prepare

EVERY_CELL = 1500
"""Seeds after which each cell of the protocol's tables must have been met."""
FEWEST = 0.15
"""Share of orders that are confirmed, whatever goes wrong; it is 0.3."""
EVERY = 60.0
"""Seconds between two signs of life."""


def seeds(options: Namespace) -> int:
    """Run seeds; print the violations, the faults and the cells that were met."""
    plan = courses.Seeds(
        jobs=options.jobs,
        first=options.first,
        seeds=options.seeds,
        seconds=options.seconds,
        only=options.only,
        shrink=options.shrink,
    )
    return report(plan, exit_first=options.exit_first, every_cell=True)


def points(options: Namespace) -> int:
    """Die, or stand still, at every point or choice of points of every way."""
    plan = courses.Points(
        jobs=options.jobs,
        at_once=options.at_once,
        fault=options.fault,
        lease=options.lease,
        way=options.way,
    )
    return report(plan, exit_first=options.exit_first, every_cell=False)


def report(plan: courses.Plan, *, exit_first: bool, every_cell: bool) -> int:
    """Carry out a plan, print what it came to, and return the exit code."""
    prepare()
    from tests.simulation.coverage import CELLS
    from tests.simulation.faults import MOST

    fired: Counter[str] = Counter()
    met: Counter[str] = Counter()
    done, failed, orders, seconds = 0, 0, 0, 0.0
    said = time.monotonic()
    for course in courses.run(plan):
        if course.found:
            failed += 1
            print(f"{course.name}:", *course.found, sep="\n  ")
            if course.shortest:
                print("  shortest schedule:", *course.shortest, sep="\n    ")
            sys.stdout.flush()
        fired += course.fired
        met += course.met
        orders += course.orders
        seconds += course.seconds
        done += 1
        if failed and exit_first:
            break
        if time.monotonic() > said + EVERY:
            said = time.monotonic()
            print(f"{done} courses, {orders} orders …", file=sys.stderr, flush=True)
    for name in (*sorted({*MOST, *fired}), *sorted({*CELLS, *met})):
        print(f"{(fired + met)[name]:8} {name}")
    never = (
        {*CELLS, *MOST} - {*met, *fired} if every_cell and done >= EVERY_CELL else ()
    )
    if never:
        print("never met:", ", ".join(sorted(never)))
    if every_cell and done >= EVERY_CELL and met["confirm won"] < orders * FEWEST:
        never = {"enough confirmed orders"}
        print("too few orders are confirmed: something here answers nobody")
    print(
        f"{done} courses, {orders} orders, {fired.total()} faults, "
        f"{done / seconds:.1f} courses a second of a core: {failed} with violations"
    )
    return 1 if failed or never else 0


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def main() -> int:
    """Run what was asked for."""
    every = ArgumentParser(add_help=False)
    every.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    every.add_argument("-x", "--exit-first", action="store_true", help="stop there")
    parser = ArgumentParser(prog="python -m tests.simulation")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("seeds", description=seeds.__doc__, parents=[every])
    command.add_argument("--seeds", type=int, default=100, help="how many")
    command.add_argument("--seconds", type=float, help="for how long instead")
    command.add_argument("--first", type=int, default=1, help="the first one")
    command.add_argument("--only", type=_numbers, help="these alone, such as 4,19")
    command.add_argument("--no-shrink", dest="shrink", action="store_false")
    command.set_defaults(run=seeds)
    command = commands.add_parser("points", description=points.__doc__, parents=[every])
    command.add_argument("--fault", choices=("crash", "stall"), default="crash")
    command.add_argument("--at-once", type=int, default=1, help="points in one course")
    command.add_argument("--way", help="of this way alone, such as confirm")
    command.add_argument("--lease", type=float, default=12.0, help="of an order")
    command.set_defaults(run=points)
    options = parser.parse_args()
    result: int = options.run(options)
    return result


if __name__ == "__main__":
    sys.exit(main())
