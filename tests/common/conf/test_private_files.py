"""What the project makes, other users cannot read, whatever the umask."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from common.conf.config import Config
from common.conf.embedded import ROOT, embedded_bus_url, kept_secret, socket_path
from common.conf.private import private_folder_in_tmp
from tests.ports import free_ports

SHOW_WHILE_IN_USE = """
from django.db import connection, transaction
from pathlib import Path
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("CREATE TABLE something (id int)")
    for path in Path(connection.settings_dict["NAME"]).parent.iterdir():
        print(oct(path.stat().st_mode & 0o777), path.name)
"""


def manage(
    *words: str, root: Path = ROOT, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run `./manage.py WORDS` as somebody whose umask closes nothing."""
    return subprocess.run(
        [sys.executable, root / "manage.py", *words],
        env={"PATH": os.environ["PATH"], **env},
        umask=0,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    """Return what others may do something with, in a folder and with it."""
    paths = [folder, *folder.rglob("*")]
    return [f"{mode(path):o} {path}" for path in paths if mode(path) & 0o077]


@pytest.mark.slow
def test_a_new_run_dir_and_its_parents_are_for_their_owner(tmp_path: Path) -> None:
    run_dir = tmp_path / "new" / "deep" / "run"
    manage("orders", "migrate", "-v0", RUN_DIR=str(run_dir))
    assert (run_dir / "orders.sqlite3").stat().st_size
    assert open_to_others(tmp_path / "new") == []


@pytest.mark.slow
def test_a_run_dir_that_somebody_made_stays_and_its_files_are_private(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    manage("orders", "prepare", RUN_DIR=str(tmp_path))
    assert mode(tmp_path) == 0o755
    assert open_to_others(tmp_path) == [f"755 {tmp_path}"]


@pytest.mark.slow
def test_the_files_beside_a_database_in_use_are_private(tmp_path: Path) -> None:
    show = ("shell", "--no-imports", "-c", SHOW_WHILE_IN_USE)
    said = manage("payments", *show, RUN_DIR=str(tmp_path))
    modes = dict(line.split()[::-1] for line in said.stdout.splitlines())
    for name in ("payments.sqlite3", "payments.sqlite3-wal", "payments.sqlite3-shm"):
        assert modes[name] == "0o600"


@pytest.mark.slow
def test_a_database_anywhere_else_is_private_too(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    where = tmp_path / "mine.sqlite3"
    env = {"RUN_DIR": str(tmp_path), "ORDERS_DATABASE_URL": f"sqlite:///{where}"}
    manage("orders", "migrate", "-v0", **env)
    assert mode(where) == 0o600


def test_a_relative_run_dir_is_no_exception(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "manage.py", "orders", "migrate", "-v0"],
        env={"PATH": os.environ["PATH"], "RUN_DIR": "here"},
        cwd=tmp_path,
        umask=0,
        check=True,
    )
    assert open_to_others(tmp_path / "here") == []


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a copy of the project, whose default `.run` may be touched."""
    for name in ("common", "inventory"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "manage.py", tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_default_run_dir_is_made_private(clone: Path) -> None:
    manage("inventory", "migrate", "-v0", root=clone)
    assert open_to_others(clone / ".run") == []


@pytest.mark.slow
def test_a_default_run_dir_that_an_older_version_left_open_is_closed(
    clone: Path,
) -> None:
    run_dir = clone / ".run"
    run_dir.mkdir()
    database, foreign = run_dir / "inventory.sqlite3", run_dir / "notes"
    for path in (database, foreign):
        path.touch()
        path.chmod(0o644)
    run_dir.chmod(0o755)
    manage("inventory", "check", root=clone)
    assert mode(run_dir) == 0o700
    assert mode(database) == 0o600
    assert mode(foreign) == 0o644  # is none of ours, and cannot be reached


@pytest.mark.slow
def test_a_link_in_place_of_the_default_run_dir_is_not_followed(clone: Path) -> None:
    elsewhere = clone / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    (clone / ".run").symlink_to(elsewhere)
    manage("inventory", "migrate", "-v0", root=clone)
    assert mode(elsewhere) == 0o755
    assert mode(elsewhere / "inventory.sqlite3") == 0o600


@pytest.mark.slow
def test_production_leaves_folders_as_they_are(clone: Path) -> None:
    """Static files were collected there by another user, for this one to read."""
    run_dir = clone / ".run"
    run_dir.mkdir()
    run_dir.chmod(0o755)
    env = {
        "MODE": "production",
        "TLS_PROXY": "true",
        "BUS_URL": "redis://bus.example",
        "INVENTORY_SECRET_KEY": "x1y2z" * 12,
        "INVENTORY_ALLOWED_HOSTS": "shop.example",
        "INVENTORY_DATABASE_URL": f"sqlite:///{clone}/production.sqlite3",
    }
    manage("inventory", "migrate", "-v0", root=clone, **env)
    assert mode(run_dir) == 0o755
    assert mode(clone / "production.sqlite3") == 0o600
    manage("inventory", "collectstatic", "--no-input", "-v0", root=clone, **env)
    others_may_write = [p for p in run_dir.rglob("*") if mode(p) & 0o022]
    assert others_may_write == []
    assert mode(run_dir / "static-inventory" / "admin") == 0o755


def test_secrets_are_private_at_every_moment(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        kept_secret(tmp_path / "new" / "x.secret")
    finally:
        os.umask(old)
    assert open_to_others(tmp_path / "new") == []


# ── the bus ──────────────────────────────────────────────────────────────────


def test_the_buss_socket_is_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    bus = subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "bus"],
        env={"PATH": os.environ["PATH"], "RUN_DIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        umask=0,
    )
    try:
        socket = tmp_path / "bus.sock"
        give_up = time.monotonic() + 20
        while not socket.exists():
            assert bus.poll() is None and time.monotonic() < give_up
        assert mode(socket) & 0o077 == 0  # from its first moment on
    finally:
        bus.send_signal(signal.SIGTERM)
        bus.wait(10)
    assert open_to_others(tmp_path) == [f"755 {tmp_path}"]


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a temporary directory of one's own, open to everybody as `/tmp` is."""
    tmp_path.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


LONG = "d" * 60 + "/" + "e" * 60


def test_a_socket_in_tmp_lies_in_a_folder_of_ones_own(tmp: Path) -> None:
    path = Path(socket_path(embedded_bus_url(tmp / LONG)))
    assert path.parent.parent == tmp
    assert open_to_others(path.parent) == []


@pytest.mark.parametrize("how", ["open", "a link"])
def test_a_folder_that_waits_in_tmp_is_not_used(tmp: Path, how: str) -> None:
    trap = private_folder_in_tmp()
    if how == "open":
        trap.chmod(0o777)
    else:
        trap.rename(tmp / "trap")
        trap.symlink_to(tmp / "trap")
    with pytest.raises(PermissionError, match="not this user's alone"):
        embedded_bus_url(tmp / LONG)
    config = Config("orders", {"RUN_DIR": str(tmp / LONG)})
    config.bus_url()
    with pytest.raises(Exception, match=r"RUN_DIR is malformed: .*not this user's"):
        config.check()


@pytest.mark.slow
def test_a_whole_demo_leaves_nothing_open(tmp_path: Path) -> None:
    run_dir, port = tmp_path / "demo", free_ports()["orders"]
    manage("demo", "--once", f"--port={port}", RUN_DIR=str(run_dir))
    names = {path.name for path in run_dir.iterdir()}
    assert {"orders.sqlite3", "demo.password", "orders.secret"} <= names
    assert open_to_others(run_dir) == []
