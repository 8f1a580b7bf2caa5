"""The lab's commands run, and the stock layer's own tests pass on our layer."""

import subprocess
import sys
from pathlib import Path

import pytest

from common.conf.embedded import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def run(*words: str, judge: bool = True) -> str:
    argv = [sys.executable, "-m", *words]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert not done.returncode or not judge, done.stdout + done.stderr
    return done.stdout


def test_the_stock_tests_pass_on_our_layer() -> None:
    assert " passed, 2 xfailed" in run("lab.layers", "--suite=stock", "--layer=ours")


def test_what_can_be_measured_here_is_measured(tmp_path: Path) -> None:
    options = ["--only=floor,stock,ours_inline", "--seconds=0.2", "--rounds=1"]
    table = run("lab.rpc", *options, f"--out={tmp_path}")
    assert "Cutpoints" in table and "failed" not in table
    assert (tmp_path / "rpc.json").exists()


def test_the_soak_watches_what_grows() -> None:
    assert run("lab.soak", "--minutes=0.1", "--rps=100").endswith("flat\n")


def test_overload_is_measured() -> None:
    assert "of the peak" in run("lab.overload", "--seconds=3", judge=False)
