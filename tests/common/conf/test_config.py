"""Settings are checked at start-up, all together, each by its name."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from common.conf.base import NEEDED
from common.conf.config import Config
from common.conf.embedded import ROOT, embedded_bus_url, kept_secret, socket_path
from tests.project import PROJECTS

SECRET = "x1y2z" * 12


def start(project: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `./manage.py PROJECT check` with nothing but these variables set."""
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", project, "check"],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("missing", [{"BUS_URL"}, {"SERVICES", "LIVING_HERE"}, NEEDED])
def test_settings_that_common_needs_are_named_when_missing(
    missing: set[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from orders.settings import *\n"
        + "".join(f"del {name}\n" for name in sorted(missing))
    )
    done = subprocess.run(
        [sys.executable, "-m", "django", "check"],
        env={
            **os.environ,
            "PYTHONPATH": f"{tmp_path}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "mine",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    named = re.search(r"missing settings: (.*?)\. Take them from", done.stderr)
    assert named, done.stderr
    assert set(named[1].split(", ")) == missing


@pytest.mark.parametrize("project", PROJECTS)
def test_production_names_every_missing_variable_at_once(project: str) -> None:
    done = start(project, MODE="production")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines[0] == f"{project} cannot start:"
    missing = {line.split()[0] for line in lines[1:]}
    own = {"SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"}
    assert {f"{project.upper()}_{name}" for name in own} | {"BUS_URL"} <= missing
    assert all("is missing: expected " in line for line in lines[1:])


def test_every_malformed_variable_is_named_with_what_is_expected() -> None:
    done = start(
        "orders",
        MODE="prod",
        BUS_URL="localhost",
        ORDERS_DATABASE_URL="mysql://x/y",
        ORDER_DEADLINE_SECONDS="soon",
        CANCEL_WINDOW_SECONDS="-1",
        MAX_WAITERS="nan",
        DEBUG="maybe",
        THROTTLE_ORDERS="often",
        LOG_FORMAT="xml",
        LOG_LEVEL="loud",
        ORDERS_SECRET_KEY="short",
        ORDERS_ALLOWED_HOSTS=" , ",
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for line in (
        "MODE is malformed: expected demo or production",
        "BUS_URL is malformed: expected redis://",
        "ORDERS_DATABASE_URL is malformed: expected postgres://",
        "ORDER_DEADLINE_SECONDS is malformed: expected a number from 1",
        "CANCEL_WINDOW_SECONDS is malformed: expected a number from 0",
        "MAX_WAITERS is malformed",
        "DEBUG is malformed: expected true or false",
        "THROTTLE_ORDERS is malformed: expected a rate like 120/min",
        "LOG_FORMAT is malformed: expected text or json",
        "LOG_LEVEL is malformed: expected DEBUG or INFO",
        "ORDERS_SECRET_KEY is malformed: expected at least 50",
        "ORDERS_ALLOWED_HOSTS is malformed: expected host names",
    ):
        assert line in done.stderr


def test_a_service_lives_in_the_process_or_behind_the_channel() -> None:
    done = start("monolith", INVENTORY_SERVICE="http:")
    assert "INVENTORY_SERVICE is malformed: expected local: or channel:" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_ORIGIN", "https://shop.example/path"),
        ("SHOP_ORIGIN", "shop.example"),
        ("PAYMENTS_GATEWAY", "no.such.Gateway"),
    ],
)
def test_payments_checks_its_own_variables(name: str, value: str) -> None:
    done = start("payments", **{name: value})
    assert f"{name} is malformed: expected " in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("project", ["orders", "inventory"])
def test_a_run_dir_that_cannot_be_used_is_named(project: str) -> None:
    done = start(project, RUN_DIR="/dev/null/here")
    assert "RUN_DIR is malformed: expected a directory to write to" in done.stderr
    assert "Traceback" not in done.stderr


def test_throttles_may_be_off_but_that_of_wrong_logins() -> None:
    env = {"THROTTLE_ORDERS": "off", "THROTTLE_LOGIN": "off"}
    config = Config("orders", {**env, "ORDERS_SECRET_KEY": SECRET})
    assert config.rate_or_off("THROTTLE_ORDERS", default="1/min") is None
    assert config.rate_or_off("THROTTLE_READS", default="1/min") == "1/min"
    config.rate("THROTTLE_LOGIN", default="10/min")
    with pytest.raises(ImproperlyConfigured, match="THROTTLE_LOGIN is malformed"):
        config.check()


def test_a_url_on_a_server_is_taken_as_it_is() -> None:
    config = Config(
        "orders",
        {
            "MODE": "production",
            "ORDERS_DATABASE_URL": "postgres://me:pw@db:5433/orders",
            "BUS_URL": "redis://orders:pw@bus:6380/0",
            "ORDERS_SECRET_KEY": SECRET,
        },
    )
    database = config.database(connections=4)
    assert database["OPTIONS"]["pool"]["max_size"] == 4
    assert "statement_timeout=5000" in database["OPTIONS"]["options"]
    assert database["ENGINE"] == "common.conf.postgresql"
    assert (database["HOST"], database["PORT"]) == ("db", 5433)
    assert config.bus_url() == "redis://orders:pw@bus:6380/0"
    assert config.secret_key() == SECRET
    config.check()


def test_any_variable_may_stand_in_a_file(tmp_path: Path) -> None:
    url = tmp_path / "bus-url"
    url.write_text("redis://orders:pw@bus:6380/0\n")
    key = tmp_path / "key"
    key.write_text(SECRET)

    config = Config(
        "orders", {"BUS_URL_FILE": str(url), "ORDERS_SECRET_KEY_FILE": str(key)}
    )

    assert config.bus_url() == "redis://orders:pw@bus:6380/0"
    assert config.secret_key() == SECRET
    config.check()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    done = start(
        "orders",
        ORDERS_SECRET_KEY_FILE=str(tmp_path / "none"),
        BUS_URL_FILE=str(tmp_path),
        ORDERS_DATABASE_URL_FILE=str(binary),
        LOG_LEVEL="INFO",
        LOG_LEVEL_FILE=str(binary),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for line in (
        "ORDERS_SECRET_KEY_FILE cannot be read: ",
        "BUS_URL_FILE cannot be read: ",
        "ORDERS_DATABASE_URL_FILE cannot be read: ",
        "LOG_LEVEL and LOG_LEVEL_FILE are both set: expected one of them",
    ):
        assert line in done.stderr


def test_an_empty_file_is_no_default(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    files = {f"{name}_FILE": str(empty) for name in ("BUS_URL", "RUN_DIR")}
    done = start("orders", **files)
    for name in files:
        assert f"{name} is empty: {empty}" in done.stderr


def test_the_demos_secrets_are_found_in_a_query_too(tmp_path: Path) -> None:
    key = kept_secret(tmp_path / "orders.secret")
    done = start(
        "orders",
        MODE="production",
        ORDERS_DATABASE_URL=f"postgres://orders@db/orders?password={key}",
        BUS_URL=f"redis://bus/0?username=orders&password={key}",
    )
    for name in ("ORDERS_DATABASE_URL", "BUS_URL"):
        assert f"{name} is the demo's" in done.stderr


def test_production_refuses_the_secrets_of_the_demo(tmp_path: Path) -> None:
    key = kept_secret(tmp_path / "orders.secret")
    done = start(
        "orders",
        MODE="production",
        ORDERS_SECRET_KEY_FILE=str(tmp_path / "orders.secret"),
        ORDERS_DATABASE_URL=f"postgres://orders:{key}@db/orders",
        BUS_URL=f"redis://orders:{key}@bus/0",
        ORDERS_ALLOWED_HOSTS="demo-shop.example",
    )
    assert done.stderr.strip().splitlines() == [
        "orders cannot start:",
        "  ORDERS_SECRET_KEY is the demo's: expected a secret of your own",
        "  ORDERS_DATABASE_URL is the demo's: expected a secret of your own",
        "  BUS_URL is the demo's: expected a secret of your own",
    ]
    assert key not in done.stderr


def test_a_kept_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "orders.secret"
    secret = kept_secret(path)
    assert len(secret) >= 50
    assert kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    url = embedded_bus_url(deep)
    assert len(socket_path(url)) < 100
    assert url == embedded_bus_url(deep)
    assert url != embedded_bus_url(deep / "f")


def test_check_passes_when_nothing_is_wrong() -> None:
    config = Config("orders", {})
    config.check()
    config.number("ORDER_DEADLINE_SECONDS", default=60)
    bad = Config("orders", {"MODE": "x"})
    with pytest.raises(ImproperlyConfigured, match="MODE"):
        bad.check()
