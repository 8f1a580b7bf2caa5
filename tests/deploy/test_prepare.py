"""`prepare` readies a database for this version, and seeds it in the demo alone."""

import os
import secrets
import subprocess
from pathlib import Path

import pytest

from suite.supervisor import manage

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mode", ["demo", "production"])
def test_it_migrates_and_seeds_in_the_demo_alone(tmp_path: Path, mode: str) -> None:
    env = {
        **os.environ,
        "MODE": mode,
        "TLS_PROXY": "true",
        "RUN_DIR": str(tmp_path),
        "BUS_URL": "redis://localhost/0",
        "INVENTORY_DATABASE_URL": f"sqlite:///{tmp_path}/inventory.sqlite3",
        "INVENTORY_SECRET_KEY": secrets.token_hex(40),
        "INVENTORY_ALLOWED_HOSTS": "localhost",
    }

    def run(*words: str) -> str:
        argv = manage("inventory", *words)
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
        return done.stdout

    for _ in range(2):  # again is harmless
        run("prepare")
    count = "from inventory.models import Product; print(Product.objects.count())"
    products = run("shell", "-v0", "-c", count).split()[-1]
    assert products == ("13" if mode == "demo" else "0")
