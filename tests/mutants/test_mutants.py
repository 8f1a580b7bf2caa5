"""Each mutant still applies, and the search finds one and spares the original."""

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from common.conf.embedded import ROOT
from tests.mutants.__main__ import Verdict, judge, mutated
from tests.mutants.mutant import MUTANTS, DoesNotApply, Edit, Mutant, read


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutated(Mutant("original", "", ()), tmp_path_factory.mktemp("mutants"))


@pytest.mark.parametrize("path", MUTANTS, ids=lambda path: path.stem)
def test_it_applies_and_says_what_it_removes(path: Path, project: Path) -> None:
    mutant = read(path)
    service, colon, protection = mutant.protection.partition(": ")
    assert (service in {"orders", "inventory", "payments"}, colon) == (True, ": ")
    assert protection
    before = {one: one.read_text() for one in project.rglob("*.py")}
    mutant.apply(project)
    changed = [one for one, text in before.items() if one.read_text() != text]
    assert changed
    for one in changed:
        code = one.read_text()
        one.write_text(before[one])
        ast.parse(code)


@pytest.mark.parametrize(
    "change",
    [
        {"find": "    not any more\n"},
        {"find": "\n"},  # nothing
        {"find": "="},  # it stands there more than once
        {"function": "gone"},
        {"service": "gone"},
    ],
)
def test_what_does_not_apply_is_an_error(change: dict[str, str], project: Path) -> None:
    stale = replace(read(MUTANTS[0]).edits[0], **change)
    with pytest.raises(DoesNotApply):
        stale.apply(project)


def test_code_may_be_laid_out_otherwise(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    code = tmp_path / "shop" / "laid_out.py"
    code.write_text("def f(order):\n    g(\n        order,\n        'a',\n    )\n")
    Edit("shop", "f", "    g(order, 'a')\n", "    pass\n").apply(tmp_path)
    assert code.read_text() == "def f(order):\n    pass\n"


def test_code_may_move(tmp_path: Path) -> None:
    package = tmp_path / "shop" / "deep"
    package.mkdir(parents=True)
    moved = package / "moved.py"
    moved.write_text("def f():\n    g()\n\n\nclass C:\n    def f(self):\n        g()\n")
    Edit("shop", "C.f", "        g()\n", "        pass\n").apply(tmp_path)
    assert moved.read_text().endswith("    def f(self):\n        pass\n")
    assert moved.read_text().startswith("def f():\n    g()\n")


@pytest.mark.alone
@pytest.mark.slow
def test_a_mutant_is_found_and_what_changes_nothing_survives() -> None:
    found = judge(read(ROOT / "tests" / "mutants" / "no-restock.toml"), seconds=60)
    assert found.violation.startswith("4: ")
    assert found.found_by.startswith("seed ")
    harmless = Mutant("harmless", "orders: none", ())
    survived = judge(harmless, seconds=1, searches=1)
    assert survived == Verdict("harmless", "orders: none", "", "", survived.seconds)


def test_an_unknown_name_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "nobody"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no such mutant: nobody" in done.stderr
