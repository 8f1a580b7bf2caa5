"""The audit of dependencies tells "none known" from "nobody could say"."""

from typing import Any

import pytest

from requirements import audit

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
FLAWED = {
    "name": "flawed",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"]}],
}
SKIPPED = {"name": "skipped", "skip_reason": "the index does not answer"}


@pytest.mark.parametrize(
    ("packages", "status"),
    [
        ([SOUND], 0),
        ([SOUND, FLAWED], 1),
        ([SOUND, SKIPPED], 3),
        ([FLAWED, SKIPPED], 1),
        ([], 3),
    ],
)
def test_the_exit_status_says_what_is_known(
    packages: list[dict[str, Any]], status: int
) -> None:
    assert audit.judge(packages) == status


def test_what_was_found_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    audit.judge([FLAWED, SKIPPED])
    said = capsys.readouterr()
    assert said.out == "flawed 1.0: PYSEC-1, CVE-1, fixed in 1.1\n"
    assert said.err == "not audited: 1 of 2 packages: the index does not answer\n"


def test_every_pin_is_audited_once() -> None:
    pins = audit.pins()
    assert len([pin for pin in pins if pin.startswith("django==")]) == 1
    assert not [pin for pin in pins if "hash" in pin or "\\" in pin]
