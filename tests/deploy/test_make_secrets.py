"""The demo's secrets are made once, each for its owner; production makes none."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from common.conf.config import Config
from common.conf.embedded import ROOT
from common.contracts.topology import CALLS, SERVING


def make(
    directory: Path, *options: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the command; it needs nothing but the standard library."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "deploy.make_secrets", *options, str(directory)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def files(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_each_folder_has_its_own_containers_secrets_alone(tmp_path: Path) -> None:
    assert make(tmp_path).returncode == 0
    made = files(tmp_path)
    for service in SERVING:
        password = made[f"{service}-db/password"]
        assert made[f"{service}/database-url"] == (
            f"postgres://{service}:{password}@{service}-db/{service}"
        )
        others = [text for name, text in made.items() if not name.startswith(service)]
        assert not [text for text in others if password in text]
        assert made[f"{service}/demo-password"] == made["suite/demo-password"]
    secrets = re.findall(r"demo-[\w-]{60,}", "\n".join(made.values()))
    assert (
        len(set(secrets)) == 2 * len(SERVING) + len(CALLS) + 1
    )  # keys, databases; bus; people
    assert "demo-" not in made["bus/users.acl"]
    assert (
        "orders-db/password" in made
        and made["bus/users.acl"].count("user ") == len(CALLS) + 1
    )


def test_an_operators_own_bus_url_is_read_as_the_services_read_it(
    tmp_path: Path,
) -> None:
    make(tmp_path)
    url = tmp_path / "orders" / "bus-url"
    url.write_text("redis://orders:p%40ss@bus.example:6379/0")
    assert make(tmp_path).returncode == 0
    hashed = hashlib.sha256(b"p@ss").hexdigest()
    assert f"user orders on #{hashed} " in (tmp_path / "bus/users.acl").read_text()

    url.write_text("redis://bus.example:6379/0")
    refused = make(tmp_path)
    assert refused.returncode == 1
    assert "orders/bus-url: expected redis://orders:password@" in refused.stderr


def test_an_empty_file_counts_as_missing(tmp_path: Path) -> None:
    make(tmp_path)
    for name in ("bus-url", "secret-key"):
        (tmp_path / "inventory" / name).write_text("")
    assert make(tmp_path).returncode == 0
    assert all(text.strip() for text in files(tmp_path).values())


def test_again_keeps_the_secrets_and_renews_the_acl(tmp_path: Path) -> None:
    make(tmp_path)
    before = files(tmp_path)
    (tmp_path / "bus" / "users.acl").unlink()
    (tmp_path / "payments" / "secret-key").unlink()

    assert make(tmp_path).returncode == 0

    after = files(tmp_path)
    assert after.pop("payments/secret-key") != before.pop("payments/secret-key")
    assert after == before


def test_production_makes_nothing_and_names_what_is_missing(tmp_path: Path) -> None:
    done = make(tmp_path, MODE="production")
    assert done.returncode == 1
    assert files(tmp_path) == {}
    missing = {line.split()[0] for line in done.stderr.splitlines()}
    assert str(tmp_path / "payments" / "secret-key") in missing
    assert str(tmp_path / "bus" / "users.acl") in missing


def test_own_secrets_are_no_demo_secrets_and_are_enough(tmp_path: Path) -> None:
    assert make(tmp_path, "--own").returncode == 0
    before = files(tmp_path)
    assert not [name for name in before if "demo" in name + before[name]]
    assert make(tmp_path, MODE="production").returncode == 0
    assert files(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVING)
def test_a_service_starts_with_own_secrets_and_refuses_the_demos(
    service: str, tmp_path: Path
) -> None:
    make(tmp_path / "demo")
    make(tmp_path / "own", "--own")
    assert start(service, tmp_path / "own").returncode == 0
    refused = start(service, tmp_path / "demo")
    assert refused.returncode == 1
    for name in ("BUS_URL", f"{service.upper()}_SECRET_KEY"):
        assert f"{name} is the demo's: expected a secret of your own" in refused.stderr


def start(service: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Check a service's settings in production mode, with these secrets."""
    own = service.upper()
    folder = directory / service
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", service, "check"],
        env={
            "MODE": "production",
            "TLS_PROXY": "true",
            "SHOP_ORIGIN": "https://shop.example",
            "PAYMENTS_GATEWAY": "payments.demo_gateway.gateway.DemoGateway",
            "BUS_URL_FILE": str(folder / "bus-url"),
            f"{own}_DATABASE_URL_FILE": str(folder / "database-url"),
            f"{own}_SECRET_KEY_FILE": str(folder / "secret-key"),
            f"{own}_ALLOWED_HOSTS": "shop.example",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("word", ["p%ss/w?rd", "a[b@c:d", "%41#", "ü b"])
def test_a_database_password_may_have_any_characters(word: str, tmp_path: Path) -> None:
    folder = tmp_path / "orders-db"
    folder.mkdir()
    (folder / "password").write_text(word)
    assert make(tmp_path).returncode == 0
    url = (tmp_path / "orders" / "database-url").read_text()
    database = Config("orders", {"ORDERS_DATABASE_URL": url}).database(connections=1)
    assert (database["PASSWORD"], database["HOST"]) == (word, "orders-db")
