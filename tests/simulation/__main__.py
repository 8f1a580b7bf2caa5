"""`python -m tests.simulation`: seeds, or every crash point, and what they came to.

seeds          random courses with random misfortunes
crash-points   one order's way, dying at each commit and send, or at pairs of them
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter

from tests.simulation.courses import courses
from tests.simulation.setup import prepare, sweep_up

EVERY_CELL = 2000
"""Seeds after which each cell of the protocol's tables must have been met."""


def seeds(options: Namespace) -> int:
    """Run seeds; print the violations, the faults and the cells that were met."""
    fired: Counter[str] = Counter()
    met: Counter[str] = Counter()
    done, failed, orders, seconds = 0, 0, 0, 0.0
    for course in courses(
        options.jobs, options.first, seeds=options.seeds, seconds=options.seconds
    ):
        if course.found:
            failed += 1
            print(f"{course.name}:", *course.found, sep="\n  ")
            print("  shortest schedule:", *course.shortest, sep="\n    ", flush=True)
        fired += course.fired
        met += course.met
        orders += course.orders
        seconds += course.seconds
        done += 1
        if failed and options.exit_first:
            break
    return _report(fired, met, orders, done, failed, seconds)


def _report(
    fired: Counter[str],
    met: Counter[str],
    orders: int,
    done: int,
    failed: int,
    seconds: float,
) -> int:
    from tests.simulation.coverage import CELLS
    from tests.simulation.faults import MOST

    for fault in sorted({*MOST, *fired}):
        print(f"{fired[fault]:8} {fault}")
    for cell in sorted({*CELLS, *met}):
        print(f"{met[cell]:8} {cell}")
    never = sorted({*CELLS, *MOST} - {*met, *fired}) if done >= EVERY_CELL else ()
    if never:
        print("never met:", ", ".join(never))
    print(
        f"{done} seeds, {orders} orders, {sum(fired.values())} faults, "
        f"{done / seconds:.1f} seeds a second of a core: {failed} with violations"
    )
    return 1 if failed or never else 0


def crash_points(options: Namespace) -> int:
    """Die at every point, or choice of points, of every way."""
    from tests.simulation.crash_points import WAYS, crashes, points, wrong

    failed = 0
    for name, way in WAYS.items():
        begun, done = time.perf_counter(), 0
        for at in crashes(points(way), at_once=options.at_once):
            if found := wrong(way, at):
                failed += 1
                print(f"{name}, dying at {at}:", *found, sep="\n  ")
            done += 1
            sweep_up()
        took = time.perf_counter() - begun
        print(f"{name}: {done} choices of points in {took:.0f} s", flush=True)
    print(f"{failed} ended wrong")
    return 1 if failed else 0


def main() -> int:
    """Run what was asked for."""
    parser = ArgumentParser(prog="python -m tests.simulation")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("seeds", description=seeds.__doc__)
    command.add_argument("--seeds", type=int, default=100, help="how many")
    command.add_argument("--seconds", type=float, help="for how long instead")
    command.add_argument("--first", type=int, default=1, help="the first one")
    command.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    command.add_argument("-x", "--exit-first", action="store_true", help="stop there")
    command.set_defaults(run=seeds)
    command = commands.add_parser("crash-points", description=crash_points.__doc__)
    command.add_argument("--at-once", type=int, default=1, help="crashes in one course")
    command.set_defaults(run=crash_points)
    options = parser.parse_args()
    prepare()
    result: int = options.run(options)
    return result


if __name__ == "__main__":
    sys.exit(main())
