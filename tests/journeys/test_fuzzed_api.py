"""Both APIs against Schemathesis, which reads their documents and believes nothing.

All its checks, and its chains of requests along the documents' links.
"""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from common.conf.embedded import ROOT
from tests.journeys.conftest import Running

pytestmark = [pytest.mark.journey, pytest.mark.slow]

SETTINGS = """
[[operations]]
include-path = "/api/cards"
[operations.checks]
# no schema can say that a card is out of date, or that no gateway knows its number
positive_data_acceptance.expected-statuses = ["2xx", "400"]
"""
KEYS = r"""
import re
import uuid
import schemathesis

KEY = re.compile(r'"(?:[ !#-\[\]-~]|\\["\\])+"|[!#-+\--:<-~]+')

@schemathesis.hook
def before_call(context, case, kwargs):
    # no schema can say that a guest's key must be hard to guess, and fresh
    given = (case.headers or {}).get("Idempotency-Key")
    if isinstance(given, str) and len(given) <= 255 and KEY.fullmatch(given):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
"""


def fuzzed(
    running: Running, service: str, folder: Path, *options: str
) -> tuple[int, str]:
    """Run Schemathesis against a service; return its status and its output."""
    (folder / "schemathesis.toml").write_text(SETTINGS if service == "payments" else "")
    (folder / "keys.py").write_text(KEYS)
    document = folder / f"{service}.json"
    spectacular = ("spectacular", "--format", "openapi-json", "--file", document)
    manage = (sys.executable, ROOT / "manage.py", service)
    subprocess.run([*manage, *spectacular], check=True, timeout=60)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            f"--config-file={folder / 'schemathesis.toml'}",
            "run",
            document,
            f"--url={running.suite.url(service)}",
            "--checks=all",
            "--continue-on-failure",
            "--max-examples=40",
            "--seed=1",
            "--output-sanitize=false",
            *options,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "SCHEMATHESIS_HOOKS": "keys"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("who", ["", "ada", "admin"])
def test_the_shop_is_what_its_document_says(
    running: Running, who: str, tmp_path: Path
) -> None:
    """As a guest, a customer and one of the staff."""
    options: tuple[str, ...] = ()
    if who:
        password = (running.suite.run_dir / "demo.password").read_text()
        address = f"{running.suite.url('orders')}/api/token"
        login = httpx.post(address, json={"username": who, "password": password})
        token = login.raise_for_status().json()["token"]
        options = ("--header", f"Authorization: Token {token}")
    status, output = fuzzed(running, "orders", tmp_path, *options)
    assert status == 0, output


def test_the_vault_is_what_its_document_says(running: Running, tmp_path: Path) -> None:
    status, output = fuzzed(running, "payments", tmp_path)
    assert status == 0, output
