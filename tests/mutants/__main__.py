"""`python -m tests.mutants`: is the proof able to fail?

Each file in this folder removes one protection of docs/protocol.md, or a pair that is
unsafe only together (`mutant.py`). The simulation must find a violation in a copy of
the project that is changed like this. A mutant that does not apply, or is not found, is
a failure.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import HERE, MUTANTS, Mutant, read

ROOT = HERE.parent.parent
TABLE = HERE / "results.md"
BEGIN = "<!-- written by `make mutants` -->\n"
SEARCHES = (
    ("seeds", "--no-shrink"),
    ("points", "--fault=crash"),
    ("points", "--fault=stall"),
    ("points", "--fault=stall", "--lease=0.2", "--at-once=2"),
)
"""Ways to look for a violation, one after the other."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: where it was found, or that it was not."""

    name: str
    protection: str
    violation: str
    found_by: str
    seconds: float

    def row(self) -> str:
        """Return the row of the table."""
        cells = (self.name, self.protection, self.violation or "**survived**")
        where = self.found_by or "—", f"{self.seconds:.0f}"
        return f"| {' | '.join((*cells, *where))} |"


def mutated(mutant: Mutant, to: Path) -> Path:
    """Copy the project and change the copy; raises DoesNotApply."""
    copy = to / mutant.name
    leave = shutil.ignore_patterns(".*", "__pycache__", "lab", "*.toml")
    shutil.copytree(ROOT, copy, ignore=leave)
    mutant.apply(copy)
    return copy


def judge(mutant: Mutant, seconds: float, *, searches: int = len(SEARCHES)) -> Verdict:
    """Look for a violation by seeds, then by points at which a process fails."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = mutated(mutant, Path(folder))
        for search in SEARCHES[:searches]:
            argv = [sys.executable, "-m", "tests.simulation", *search]
            if search[0] == "seeds":
                argv.append(f"--seconds={seconds}")
            done = subprocess.run(
                [*argv, "--jobs=1", "--exit-first"],
                cwd=copy,
                capture_output=True,
                text=True,
                timeout=3600,
            )
            found = re.search(r"^(\w.*):\n  (.+)", done.stdout, re.MULTILINE)
            if done.returncode and not found:
                raise RuntimeError(f"{mutant.name}: {done.stdout}{done.stderr}")
            if found:
                break
    took = time.monotonic() - begun
    violation = re.sub(r"^[0-9a-f-]{36}: ", "", found[2]) if found else ""
    found_by = found[1] if found else ""
    return Verdict(mutant.name, mutant.protection, violation, found_by, took)


def main() -> int:
    """Judge the mutants that were named, or all; print the table."""
    parser = ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*", help="mutants, without .toml")
    parser.add_argument("--seconds", type=float, default=300, help="of seeds for each")
    parser.add_argument("--write", action="store_true", help=f"to {TABLE.name}")
    options = parser.parse_args()
    chosen = [one for one in MUTANTS if one.stem in options.names or not options.names]
    if unknown := set(options.names) - {one.stem for one in chosen}:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    rows, survivors = [], 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        judging = [pool.submit(judge, read(one), options.seconds) for one in chosen]
        for verdict in (one.result() for one in as_completed(judging)):
            rows.append(verdict.row())
            survivors += not verdict.found_by
            print(rows[-1], flush=True)
    print(f"{len(chosen)} mutants, {survivors} survived")
    if options.write:
        head = TABLE.read_text().partition(BEGIN)[0]
        TABLE.write_text(head + BEGIN + TITLES + "\n".join(sorted(rows)) + "\n")
    return 1 if survivors else 0


TITLES = """
| mutant | protection removed | violation | found by | seconds |
|---|---|---|---|---|
"""

if __name__ == "__main__":
    sys.exit(main())
