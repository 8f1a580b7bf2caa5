"""A short run of the chaos; `make chaos` is the long one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.conf.embedded import ROOT


@pytest.mark.alone
@pytest.mark.slow
def test_a_short_run_ends_right(tmp_path: Path) -> None:
    options = ("--minutes=0.7", "--rate=6", "--pause=1.5", f"--out={tmp_path}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *options],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads((tmp_path / "chaos-sqlite.json").read_text())
    assert facts["result"]["orders"] > 50
    assert len(facts["strikes"]) > 5
    assert not list(tmp_path.glob("chaos-*/")), "something was left behind"
