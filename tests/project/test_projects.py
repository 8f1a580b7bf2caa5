"""Every project is one that the checks know."""

import tomllib

import pytest

from common.conf.embedded import ROOT
from common.contracts.topology import SERVING
from tests.project import PROJECTS

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


@pytest.mark.parametrize("project", PROJECTS)
def test_import_linter_holds_every_project(project: str) -> None:
    assert project in LINTER["root_packages"]
    floors = [set(layer.split(" | ")) for layer in LINTER["contracts"][0]["layers"]]
    assert [floor for floor in floors if project in floor]


def test_every_service_is_a_project() -> None:
    assert {*SERVING} <= {*PROJECTS}
