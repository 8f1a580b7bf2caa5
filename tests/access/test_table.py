"""Every URL of every project answers everybody as the table says."""

import json
import subprocess
import sys
from typing import Any

import pytest

from common.conf.embedded import ROOT
from tests import project

PROJECTS = ("orders", "inventory", "payments")
ALL = [*PROJECTS, *({"monolith"} & {*project.PROJECTS})]


def ask_all(projects: tuple[str, ...], *options: str) -> dict[str, Any]:
    """Ask projects side by side, each in a process with its own settings."""
    asking = {
        project: subprocess.Popen(
            [sys.executable, "-m", "tests.access", project, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for project in projects
    }
    said = {project: process.communicate() for project, process in asking.items()}
    assert all(process.returncode == 0 for process in asking.values()), said
    return {project: json.loads(out) for project, (out, _) in said.items()}


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """Ask the three projects."""
    return ask_all(PROJECTS)


@pytest.mark.parametrize("project", PROJECTS)
def test_the_table_has_every_url(answers: dict[str, Any], project: str) -> None:
    assert answers[project]["missing"] == []


@pytest.mark.parametrize("project", PROJECTS)
def test_everybody_gets_what_the_table_says(
    answers: dict[str, Any], project: str
) -> None:
    assert answers[project]["asked"] > 1000
    assert answers[project]["wrong"] == []


@pytest.mark.slow
def test_every_visitor_everywhere_and_in_the_monolith() -> None:
    for answers in ask_all(ALL, "--thorough").values():
        assert (answers["missing"], answers["wrong"]) == ([], [])
