"""`python -m tests.hostile`: attack the real suite and say what held.

Everything runs here, on loopback, bounded in number and time; nothing is left behind.
Exits with 1 if anything was wrong, and with 2 if it could not be tried.
"""

import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from subprocess import CalledProcessError
from typing import NoReturn

from suite.supervisor import StartFailed
from tests.hostile import attacks, back, table
from tests.hostile.judge import Result, judge
from tests.hostile.scenario import SCENARIOS
from tests.hostile.stage import stage

DATABASES = ("sqlite", "postgresql")
LONGEST = 20.0
"""Seconds of an attack; it is broken off after 45."""


class Parser(ArgumentParser):
    """Says what is wrong with a command line in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def main() -> int:
    """Read the options and run."""
    options = parser().parse_args()
    if options.list:
        for one in SCENARIOS.values():
            print(f"{one.name:32} {one.about}")
        return 0
    if not Path("/proc/self/status").exists():
        print("hostile: processes are measured in /proc: needs Linux", file=sys.stderr)
        return 2
    try:
        return run(options)
    except (StartFailed, CalledProcessError, OSError) as error:
        print(f"hostile: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run(options: Namespace) -> int:
    """Play the scenarios and show what came of them; 1 if anything was wrong."""
    results: list[Result] = []
    with stage(options.database) as play:
        back.warm_up(play, *play.suite.services)
        for name in options.only:
            result = judge(SCENARIOS[name], play, options.seconds)
            results.append(result)
            said = "holds" if result.holds else f"BAD: {result.faults[0]}"
            print(f"{name}: {said[:150]}", flush=True)
        violations = play.violations()
        if options.log:
            options.log.write_text("\n".join(play.log) + "\n")
    table.show(results)
    print(*violations, f"audit: {len(violations)} violations", sep="\n")
    if options.json:
        table.write(results, options.database, options.json)
    return 0 if not violations and all(one.holds for one in results) else 1


def parser() -> Parser:
    """Return the command line."""
    known = sorted(SCENARIOS)
    it = Parser(prog="python -m tests.hostile")
    it.add_argument("--database", choices=DATABASES, default="sqlite")
    it.add_argument("--only", nargs="+", choices=known, default=list(SCENARIOS))
    it.add_argument("--list", action="store_true", help="name the scenarios and end")
    it.add_argument("--seconds", type=seconds, default=4, help="of each attack")
    it.add_argument("--json", type=new_file, help="file for all figures")
    it.add_argument("--log", type=new_file, help="file for all that the programs wrote")
    return it


def seconds(text: str) -> float:
    """Read how long an attack lasts."""
    value = float(text)
    if not 1 <= value <= LONGEST:  # nor is NaN
        raise ArgumentTypeError(f"expected 1 to {LONGEST:g} seconds, not {text}")
    return value


def new_file(text: str) -> Path:
    """Read where a file goes; found out before the run, not after it."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise ArgumentTypeError(f"cannot write {text}: no such directory")
    return path


assert attacks, "importing them registers them"

if __name__ == "__main__":
    # otherwise what was started would outlive us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
