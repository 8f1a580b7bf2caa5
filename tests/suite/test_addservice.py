"""`addservice`: what it refuses, and what it says of the new service."""

import shutil
from pathlib import Path

import pytest
import yaml

from common.conf.embedded import ROOT
from suite import addservice

NEEDED = (
    "docker-compose.yml",
    "deploy/production.env.example",
    "requirements/services.in",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "common" / "contracts").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["", "s", "Shipping", "ship-ping", "ship_ping", "1st", "shipping\n", "../up", "é1"],
)
def test_what_is_no_name_is_refused(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert addservice.run(name, like="inventory", root=project) == 1
    assert "expected 2 to 31 small letters and digits" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["orders", "suite", "common", "json", "django"])
def test_a_name_that_is_taken_is_refused(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: (project / file).read_text() for file in NEEDED}
    assert addservice.run(name, like="inventory", root=project) == 1
    assert f"the name {name!r} is taken" in capsys.readouterr().err
    assert {file: (project / file).read_text() for file in NEEDED} == before


def test_its_containers_are_those_of_another_with_its_name(project: Path) -> None:
    assert addservice.run("shipping", like="inventory", root=project) == 0
    old = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    new = yaml.safe_load((project / "docker-compose.yml").read_text())
    programs = {f"shipping-{what}" for what in ("db", "prepare", "web", "worker")}
    assert {*new["services"]} - {*old["services"]} == programs
    for name in programs:
        model = old["services"][name.replace("shipping", "inventory")]
        said = yaml.safe_dump(new["services"][name])
        said = said.replace("shipping", "inventory").replace("SHIPPING", "INVENTORY")
        assert yaml.safe_load(said.replace("8003", "8001")) == model
    for name in old["services"]:
        if name not in {"secrets", "demo"}:
            assert new["services"][name] == old["services"][name]
    assert (project / "shipping" / "settings.py").exists()
    assert "SHIPPING_HOST=" in (project / NEEDED[1]).read_text()
