"""`manage.py` takes the project or the suite command first."""

import os
import subprocess
import sys

import pytest

from common.conf.embedded import ROOT

pytestmark = pytest.mark.slow


def manage(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py and return what it said."""
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [(), ("shipping",), ("migrate",)])
def test_a_wrong_or_missing_word_gets_one_clear_line(words: tuple[str, ...]) -> None:
    done = manage(*words)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "usage: manage.py inventory|monolith|orders|payments COMMAND" in line
    assert "demo|audit|bus|addservice" in line
    assert all(repr(word) in line for word in words)


def test_help_is_no_error() -> None:
    done = manage("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "./manage.py demo|audit|bus|addservice" in done.stdout


def test_the_word_decides_even_if_another_project_is_set_in_the_environment() -> None:
    done = manage(
        "payments",
        "shell",
        "-c",
        "from django.conf import settings; print(settings.SERVICE)",
        DJANGO_SETTINGS_MODULE="orders.settings",
    )
    assert done.stdout.strip().endswith("payments")


def test_a_wrong_option_of_a_suite_command_is_named() -> None:
    done = manage("demo", "--without", "shipping")
    assert done.returncode == 2
    assert "invalid choice: 'shipping'" in done.stderr


def test_a_worker_without_its_bus_says_what_to_do(tmp_path: object) -> None:
    done = manage("inventory", "work", RUN_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "nothing answers at BUS_URL" in done.stderr
    assert "./manage.py bus" in done.stderr


def test_the_audit_says_that_nobody_answers(tmp_path: object) -> None:
    done = manage("audit", RUN_DIR=str(tmp_path))
    assert done.returncode == 2
    assert "audit: Busy: the bus is out of reach" in done.stderr


def test_seed_refuses_production(tmp_path: object) -> None:
    secret = "x1y2z" * 12
    done = manage(
        "inventory",
        "seed",
        MODE="production",
        TLS_PROXY="true",
        RUN_DIR=str(tmp_path),
        INVENTORY_SECRET_KEY=secret,
        INVENTORY_ALLOWED_HOSTS="inventory.example",
        INVENTORY_DATABASE_URL=f"sqlite:///{tmp_path}/db",
        BUS_URL="redis://bus:6379/0",
    )
    assert done.returncode == 1
    assert "seed is for the demo only" in done.stderr
