"""A worker listens wherever somebody may call, and says where; or it does not start."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from common.conf.embedded import ROOT
from common.contracts.reports.inventory import ListProducts, ProductPage
from common.ops import bus_check
from suite.client import connect
from suite.supervisor import Program, Supervisor, manage, run_to_end

LONELY = [sys.executable, "-m", "tests.common.rpc.lonely"]
CUT = ("orders", "inventory", "payments")


@pytest.mark.parametrize(
    ("services", "here", "uses_it"),
    [
        (dict.fromkeys(CUT, "local:"), CUT, False),  # a whole monolith
        ({**dict.fromkeys(CUT, "local:"), "payments": "channel:"}, CUT[:2], True),
        (dict.fromkeys(CUT, "channel:"), ("orders",), True),
        ({"orders": "channel:"}, ("inventory",), True),
        ({}, ("inventory",), True),  # it calls nobody
        ({"inventory": "local:"}, ("inventory",), False),  # and itself alone
        ({"inventory": "local:"}, ("inventory", "orders"), True),
        ({"orders": "channel:"}, (), True),  # it only calls
        ({}, (), False),
    ],
)
def test_who_is_not_local_is_reached_over_the_bus(
    settings: Any,
    services: dict[str, str],
    here: tuple[str, ...],
    uses_it: bool,
) -> None:
    settings.SERVICES, settings.LIVING_HERE = services, here
    assert bus_check.is_needed() is uses_it


@pytest.mark.slow
async def test_the_worker_of_a_service_that_calls_nobody_answers(
    tmp_path: Path, bus_url: str
) -> None:
    env = {"RUN_DIR": str(tmp_path), "BUS_URL": bus_url}
    migrate = manage("inventory", "migrate", "-v0")
    program = Program(name="migrate", argv=migrate, ready="", env=env)
    run_to_end(program, lambda *_: None)
    said: list[str] = []
    with Supervisor(lambda _, line: said.append(line), restart=False) as supervisor:
        supervisor.start(
            Program(name="worker", argv=LONELY, ready="worker started", env=env)
        )
        client = connect(bus_url, "test")
        page = await client.call(ListProducts(), timeout=8)
        await client.close()
    assert page == ProductPage(products=(), next=None)
    (started,) = [line for line in said if "worker started" in line]
    assert "listens_to=inventory.request" in started


@pytest.mark.slow
def test_a_worker_that_has_nothing_to_do_does_not_start(
    tmp_path: Path, bus_url: str
) -> None:
    done = subprocess.run(
        [*LONELY, "--idle"],
        env={**os.environ, "RUN_DIR": str(tmp_path), "BUS_URL": bus_url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "inventory has nothing to listen to, and no jobs\n"
