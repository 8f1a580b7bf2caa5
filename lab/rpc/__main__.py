"""`python -m lab.rpc`: every transport in one run, over TCP on loopback."""

import asyncio
import sys
from argparse import ArgumentParser
from pathlib import Path

from lab.rpc import report
from lab.rpc.measure import Figures, measure, medians
from lab.rpc.peers import PEERS
from lab.rpc.running import missing


def main() -> int:
    """Measure, print, write."""
    parser = ArgumentParser(prog="python -m lab.rpc", description=__doc__)
    parser.add_argument("--only", default=",".join(PEERS), help="names, with commas")
    parser.add_argument("--seconds", type=float, default=5, help="for each figure")
    parser.add_argument("--in-flight", default="1,32", help="numbers, with commas")
    parser.add_argument("--rounds", type=int, default=3, help="the median is shown")
    parser.add_argument("--out", type=Path, default=Path("lab/results"))
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := set(names) - set(PEERS):
        parser.error(f"--only: expected some of {', '.join(PEERS)}, not {unknown}")
    in_flight = tuple(int(number) for number in options.in_flight.split(","))
    rounds: dict[str, list[list[Figures]]] = {}
    problems = {name: reason for name in names if (reason := missing(name))}
    for number in range(options.rounds):
        for name in (name for name in names if name not in problems):
            print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
            try:
                figures = asyncio.run(measure(name, in_flight, options.seconds))
            except Exception as error:  # of one peer; the others go on
                problems[name] = f"failed: {error!r}"
            else:
                rounds.setdefault(name, []).append(figures)
    results: report.Results = {
        name: problems[name] if name in problems else medians(rounds[name])
        for name in names
    }
    report.show(results)
    command = "python -m lab.rpc " + " ".join(sys.argv[1:])
    report.write_json(results, command.strip(), options.out)
    if problem := report.plot(results, options.out):
        print(problem)
    return 0


if __name__ == "__main__":
    sys.exit(main())
