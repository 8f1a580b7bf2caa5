"""What docker-compose.yml and the Dockerfile promise, as far as no engine is needed."""

import itertools
import os
import re
from typing import Any

import pytest
import yaml
from django.core.management import load_command_class

from common.conf.embedded import ROOT
from common.contracts.topology import SERVING

OURS = SERVING
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = [name for name, one in SERVICES.items() if "restart" in one]
ONCE = [name for name in SERVICES if name not in LASTING]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def environment(name: str) -> dict[str, str | None]:
    return SERVICES[name].get("environment", {})


def test_what_lasts_and_what_ends() -> None:
    programs = {f"{name}-{what}" for name in OURS for what in ("db", "web", "worker")}
    assert {*LASTING} == programs | {"bus"}
    assert {*ONCE} == {f"{name}-prepare" for name in OURS} | {
        "secrets",
        "demo",
        "audit",
    }


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_no_more_than_it_needs(name: str) -> None:
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"] and "cap_add" not in one
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["mem_limit"] and one["pids_limit"]
    assert one["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not {"privileged", "container_name", "env_file"} & one.keys()
    if one.get("user", "").startswith("0"):
        assert one["network_mode"] == "none"


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched_and_given_time_to_stop(name: str) -> None:
    one = SERVICES[name]
    assert one["restart"] == "unless-stopped"
    assert one["healthcheck"]["test"][0].startswith("CMD")
    grace = int(one["stop_grace_period"].removesuffix("s"))
    for command in ("serve", "work"):
        parser = load_command_class("common", command).create_parser("", command)
        assert grace > parser.get_default("grace")


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_waited_for_can_be_seen_to_be_ready(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        expected = "healthy" if other in LASTING else "completed_successfully"
        assert how == {"condition": f"service_{expected}"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_in_the_environment(name: str) -> None:
    words = re.compile("SECRET|PASSWORD|_URL|TOKEN|KEY")
    for variable, value in environment(name).items():
        if words.search(variable):
            assert variable.endswith("_FILE")
            assert str(value).startswith("/run/secrets/")


def test_only_web_is_reached_and_only_from_this_machine() -> None:
    ports = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert ports == {
        f"{name}-web": [f"127.0.0.1:{port}:{port}"]
        for name, port in zip(OURS, itertools.count(8000), strict=False)
    }


def test_only_its_own_service_reaches_a_database() -> None:
    for name in OURS:
        on = {one for one in SERVICES if f"{name}-db" in networks(one)}
        assert on == {f"{name}-{what}" for what in ("db", "prepare", "web", "worker")}
        assert networks(f"{name}-db") == {f"{name}-db"}
    closed = {name for name, how in COMPOSE["networks"].items() if how}
    assert {*COMPOSE["networks"]} - closed == {"front"}
    assert all(COMPOSE["networks"][name] == {"internal": True} for name in closed)
    front = {name for name in SERVICES if "front" in networks(name)}
    assert front == {f"{name}-web" for name in OURS}


def networks(name: str) -> set[str]:
    return {*SERVICES[name].get("networks", ())}


def test_everybody_sees_its_own_secrets_alone() -> None:
    for name in {*SERVICES} - {"secrets"}:
        found = re.findall(r"secrets-\}([\w-]+):(\S+)", "\n".join(volumes(name)))
        owner = name if name.endswith("-db") else name.split("-")[0]
        owner = "suite" if name in {"demo", "audit"} else owner
        assert found == [(owner, "/run/secrets:ro")]
    everything = re.findall(r"secrets-\}([\w-]+):", "\n".join(volumes("secrets")))
    assert {f"secrets-{one}" for one in everything} < {*COMPOSE["volumes"]}


def volumes(name: str) -> list[str]:
    return SERVICES[name]["volumes"]


def test_what_is_mounted_from_here_is_here_and_runs() -> None:
    mounted = {volume.split(":")[0] for one in OURS for volume in volumes(f"{one}-db")}
    for path in (ROOT / volume for volume in mounted if volume.startswith("./")):
        assert os.access(path, os.X_OK)
    assert os.access(ROOT / "deploy" / "collect-static", os.X_OK)


def test_every_variable_is_one_that_the_settings_know() -> None:
    known = set(re.findall("`([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))
    known |= {word.replace("NAME", one.upper()) for word in known for one in OURS}
    for name in {*SERVICES} - {f"{one}-db" for one in OURS}:
        set_here = {one.removesuffix("_FILE") for one in environment(name)}
        assert set_here <= known


def test_the_example_for_production_sets_what_the_file_reads() -> None:
    example = (ROOT / "deploy" / "production.env.example").read_text()
    text = (ROOT / "docker-compose.yml").read_text()
    read = set(re.findall(r"\$\{(\w+):-", text))
    read |= set(re.findall(r"^ +([A-Z_]+):$", text, re.MULTILINE))
    assert set(re.findall(r"^(\w+)=", example, re.MULTILINE)) <= read


@pytest.mark.parametrize(
    ("target", "own"), [("service", {"${SERVICE}"}), ("suite", {"deploy", "suite"})]
)
def test_an_image_has_its_own_code_alone(target: str, own: set[str]) -> None:
    stage = DOCKERFILE.split(f"FROM python AS {target}\n")[1].split("\nFROM ")[0]
    copied = set(re.findall(r"COPY --from=source /app/(\S+)", stage))
    assert copied == {"manage.py", "common"} | own
    assert f"COPY --from={target}-built /venv /venv" in stage
    assert "USER 10001:10001" in stage
    built = DOCKERFILE.split(f"AS {target}-built\n")[1].split("\nFROM ")[0]
    name = "${SERVICE}" if target == "service" else target
    assert f"COPY requirements/{name}.txt" in built


def test_every_image_is_built_once_and_runs_its_own_project() -> None:
    builds = {name: one["build"] for name, one in SERVICES.items() if "build" in one}
    assert {*builds} == {f"{name}-prepare" for name in OURS} | {"secrets"}
    for name in OURS:
        assert builds[f"{name}-prepare"]["args"] == {"SERVICE": name}
        assert (ROOT / "requirements" / f"{name}.txt").exists()
        for what in ("prepare", "web", "worker"):
            assert SERVICES[f"{name}-{what}"]["command"][0] == name
            assert SERVICES[f"{name}-{what}"]["image"].endswith(f"-{name}")


def test_no_image_of_postgresql_decides_how_text_is_ordered() -> None:
    script = (ROOT / "deploy/postgres/role.sh").read_text()
    assert "LC_COLLATE 'C' " in script
