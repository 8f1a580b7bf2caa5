"""The simulation itself can be trusted, and finds nothing."""

import re
import subprocess
import sys
import time

import pytest

from common.conf.embedded import ROOT

TWICE = """
from tests.simulation.setup import prepare
prepare()
from tests.simulation.world import World
for seed in (1, 2, 3):
    courses = set()
    for _ in range(2):
        world = World(seed)
        assert world.run() == []
        courses.add((world.bus.trace.hexdigest(), tuple(world.faults.fired)))
    assert len(courses) == 1, seed
print("the same")
"""

FAILED: tuple[str, ...] = ()
"""Seeds that found something in the code itself; they stay here for good."""


def python(*words: str) -> str:
    argv = [sys.executable, *words]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_seed_takes_the_same_course_again() -> None:
    assert python("-c", TWICE) == "the same\n"


def test_a_few_seeds_end_right() -> None:
    assert ": 0 with violations" in python(
        "-m", "tests.simulation", "seeds", "--seeds=20"
    )


def test_seeds_that_once_found_something_end_right() -> None:
    table = (ROOT / "tests" / "mutants" / "results.md").read_text()
    found = re.findall(r"\| seed (\d+) \|", table)
    assert len(found) > 20, "the mutants' table"
    options = [f"--only={','.join({*found, *FAILED})}"]
    assert ": 0 with violations" in python("-m", "tests.simulation", "seeds", *options)


@pytest.mark.slow
def test_fresh_seeds_end_right() -> None:
    options = ("--seconds=90", f"--first={int(time.time())}")  # others each time
    assert ": 0 with violations" in python("-m", "tests.simulation", "seeds", *options)


@pytest.mark.slow
def test_a_crash_at_any_point_ends_right() -> None:
    assert ": 0 with violations" in python("-m", "tests.simulation", "points")


@pytest.mark.slow
@pytest.mark.parametrize("lease", ["12", "0.2"])
def test_a_stall_at_any_point_ends_right(lease: str) -> None:
    options = ("--fault=stall", f"--lease={lease}")
    assert ": 0 with violations" in python("-m", "tests.simulation", "points", *options)
