"""What the command says when it cannot do what it is told."""

import subprocess
import sys

import pytest

from common.conf.embedded import ROOT
from suite.supervisor import StartFailed
from tests.hostile import __main__ as command
from tests.hostile import stage
from tests.hostile.scenario import SCENARIOS


@pytest.mark.parametrize(
    "words",
    [
        ("--only", "kindness"),
        ("--only", "calm", "kindness"),
        ("--only",),
        ("--database", "oracle"),
        ("--seconds", "nan"),
        ("--seconds", "-1"),
        ("--seconds", "1e9"),
        ("--seconds", "soon"),
        ("--json", "/nowhere/at/all.json"),
        ("--log", "."),
        ("--unknown",),
    ],
)
def test_a_wrong_word_is_one_line_and_2(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.parser().parse_args(words)

    assert ended.value.code == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_every_scenario_is_listed_with_what_it_tries() -> None:
    argv = [sys.executable, "-m", "tests.hostile", "--list"]
    listed = subprocess.check_output(argv, cwd=ROOT, text=True).splitlines()

    assert [line.split()[0] for line in listed] == list(SCENARIOS)
    assert all(len(line.split()) > 5 for line in listed)


@pytest.mark.parametrize(
    "error", [OSError("no ports"), StartFailed("port 1 for orders is not free")]
)
def test_what_cannot_start_is_one_line_and_2(
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def no_ports() -> dict[str, int]:
        raise error

    monkeypatch.setattr(stage, "free_ports", no_ports)
    monkeypatch.setattr(sys, "argv", ["hostile", "--only", "calm"])

    assert command.main() == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == [f"hostile: {error}"]
    assert said.out == ""
