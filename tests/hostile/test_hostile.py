"""All scenarios on both stores, by the command that a person would run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from common.conf.embedded import ROOT
from tests.hostile.__main__ import DATABASES
from tests.hostile.scenario import SCENARIOS

pytestmark = [pytest.mark.slow, pytest.mark.alone]


@pytest.mark.parametrize("database", DATABASES)
def test_the_web_processes_hold(database: str, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    options = ("--database", database, "--seconds", "2", "--json", str(figures))
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,  # green it takes less than three minutes
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    played = json.loads(figures.read_text())["scenarios"]
    assert {one["name"] for one in played} == set(SCENARIOS)
    assert all(one["honest"]["probes"] for one in played)
