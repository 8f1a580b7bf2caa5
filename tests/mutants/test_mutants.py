"""Each patch still applies, and the search finds a mutant and spares the original."""

import subprocess
import sys
from pathlib import Path

import pytest

from common.embedded import ROOT
from tests.mutants.__main__ import PATCHES, Verdict, check, judge, mutated


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_it_applies_and_says_what_it_removes(patch: Path) -> None:
    check(patch)
    service, colon, protection = patch.read_text().partition("\n")[0].partition(": ")
    assert (service in {"orders", "inventory", "payments"}, colon) == (True, ": ")
    assert protection


def test_a_patch_that_does_not_apply_is_an_error(tmp_path: Path) -> None:
    stale = tmp_path / "stale.patch"
    stale.write_text(PATCHES[0].read_text().replace("\n-", "\n-not any more "))
    with pytest.raises(subprocess.CalledProcessError):
        mutated(stale, tmp_path)


@pytest.mark.slow
def test_a_mutant_is_found_and_what_changes_nothing_survives(tmp_path: Path) -> None:
    found = judge(ROOT / "tests" / "mutants" / "no-restock.patch", seconds=60)
    assert found.violation.startswith("4: ")
    assert found.found_by.startswith("seed ")
    harmless = tmp_path / "harmless.patch"
    harmless.write_text(HARMLESS)
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


HARMLESS = '''orders: none

--- orders/__init__.py
+++ orders/__init__.py
@@ -1 +1 @@
-{}
+"""Another docstring."""
'''.format((ROOT / "orders" / "__init__.py").read_text().rstrip())
