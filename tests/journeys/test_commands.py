"""The commands that README shows, on a running suite."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from common.conf.embedded import ROOT
from suite.supervisor import Program, Supervisor, manage
from tests.journeys.conftest import Running
from tests.ports import free_port

pytestmark = pytest.mark.journey


def audit(running: Running) -> subprocess.CompletedProcess[str]:
    """Run `./manage.py audit` against the running suite."""
    return subprocess.run(
        manage("audit"),
        env={**os.environ, "RUN_DIR": str(running.suite.run_dir)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def tampered(running: Running, service: str, do: str, undo: str) -> Iterator[None]:
    """Change a service's database behind its back for the block."""
    running.databases.execute(service, do)
    yield
    running.databases.execute(service, undo)


def demo_against(
    running: Running, orders_url: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run `./manage.py demo --against` on the running suite."""
    return subprocess.run(
        manage("demo", "--against", orders_url, running.suite.url("payments")),
        env={**os.environ, "RUN_DIR": str(running.suite.run_dir), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_the_demos_orders_can_be_placed_with_a_suite_that_runs(
    running: Running,
) -> None:
    done = demo_against(running, running.suite.url("orders"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Cancelled after confirmation: cancelled" in done.stdout
    assert "every order ended as it should, the audit is clean" in done.stdout


def test_a_shop_that_is_not_there_is_one_line(running: Running) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    done = demo_against(running, nowhere)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("demo: ") and "Connection refused" in line


def test_the_demo_does_not_play_in_production(running: Running) -> None:
    url = running.suite.url("orders")
    done = demo_against(running, url, MODE="production", BUS_URL=running.bus_url)
    assert done.returncode == 1
    assert "MODE=production has no customers" in done.stderr


def test_audit_finds_nothing_on_a_sound_suite(running: Running) -> None:
    done = audit(running)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 violations" in done.stdout


def test_audit_names_a_counter_that_no_ledger_explains(running: Running) -> None:
    change = "UPDATE inventory_stock SET on_hand = on_hand {} WHERE product_id = 'MUG'"
    with tampered(running, "inventory", change.format("+ 1"), change.format("- 1")):
        done = audit(running)
    assert done.returncode == 1
    assert "VIOLATION MUG:" in done.stdout


def test_audit_names_an_order_that_paid_too_little(running: Running) -> None:
    placed = running.shop.place({"MUG": 1}, running.shop.card(), wait=20).json()
    which = f"charge_id = '{placed['id'].replace('-', '')}'"
    change = f"UPDATE payments_entry SET amount = amount {{}} WHERE {which}"  # noqa: S608
    with tampered(running, "payments", change.format("- 1"), change.format("+ 1")):
        done = audit(running)
    assert done.returncode == 1
    assert f"VIOLATION {placed['id']}: 2: total 1250 EUR, charged 1249" in done.stdout


@pytest.mark.slow
def test_a_worker_with_reload_follows_an_edit(running: Running) -> None:
    ready: list[str] = []

    def say(name: str, line: str) -> None:
        if "worker started" in line:
            ready.append(line)

    program = Program(
        name="mine",
        argv=manage("inventory", "work", "--reload"),
        ready="worker started",
        env={"RUN_DIR": str(running.suite.run_dir)},
    )
    with Supervisor(say, restart=False) as supervisor:
        supervisor.start(program)

        def edited_and_ready_again() -> bool:
            os.utime(ROOT / "inventory" / "handlers.py")
            return len(ready) >= 2

        running.until(edited_and_ready_again)
        os.killpg(supervisor.pid("mine"), signal.SIGTERM)
