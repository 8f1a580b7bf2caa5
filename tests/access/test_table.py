"""Every URL of every project answers everybody as the table says."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from common.embedded import ROOT

PROJECTS = ("orders", "inventory", "payments", "monolith")


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, Any]]:
    """Ask all projects side by side, each in a process with its own settings."""
    asking = {
        project: subprocess.Popen(
            [sys.executable, "-m", "tests.access", project],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for project in PROJECTS
    }
    said = {project: process.communicate() for project, process in asking.items()}
    assert all(process.returncode == 0 for process in asking.values()), said
    yield {project: json.loads(out) for project, (out, _) in said.items()}


@pytest.mark.parametrize("project", PROJECTS)
def test_the_table_has_every_url(answers: dict[str, Any], project: str) -> None:
    assert answers[project]["missing"] == []


@pytest.mark.parametrize("project", PROJECTS)
def test_everybody_gets_what_the_table_says(
    answers: dict[str, Any], project: str
) -> None:
    assert answers[project]["asked"] > 1000
    assert answers[project]["wrong"] == []
