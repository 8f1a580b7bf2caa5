"""`./manage.py demo`, as a reader runs it."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.conf.embedded import ROOT
from suite import claim
from suite.script import SIX_STEPS
from tests.ports import free_port

pytestmark = pytest.mark.journey


class Demo:
    """A demo in a process of its own, and what it has printed so far."""

    def __init__(self, run_dir: Path, *options: str, **env: str) -> None:
        self.run_dir, self.port = run_dir, free_port(3)
        self.output = ""
        self.process = subprocess.Popen(
            [
                sys.executable,
                ROOT / "manage.py",
                "demo",
                f"--port={self.port}",
                *options,
            ],
            env={**os.environ, "RUN_DIR": str(run_dir), "COLUMNS": "200", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def end(self) -> int:
        """Wait for the end and return the exit status."""
        code = self.process.wait(90)
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def until(self, condition: Callable[[], object], within: float = 60) -> None:
        """Wait for a condition while the demo runs."""
        give_up = time.monotonic() + within
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < give_up, self.output
            time.sleep(0.05)

    def left_behind(self) -> list[str]:
        """Return what still runs or listens after the end."""
        found = [str(path) for path in self.run_dir.glob("*.sock")]
        for port in range(self.port, self.port + 3):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    found.append(f"port {port}")
        mark = f"RUN_DIR={self.run_dir}".encode()
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in environ.read_bytes().split(b"\0"):
                    found.append(f"process {environ.parent.name}")
        return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Return a function that starts a demo, which does not outlive the test."""
    demos: list[Demo] = []

    def start(*options: str, **env: str) -> Demo:
        demos.append(Demo(tmp_path, *options, **env))
        return demos[-1]

    yield start
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.end()


def test_once_shows_every_ending_and_leaves_nothing(
    demo: Callable[..., Demo],
) -> None:
    one = demo("--once")
    assert one.end() == 0, one.output
    for step in SIX_STEPS:
        assert step in one.output
    for ending in (
        "All goes well: confirmed",
        "Out of stock: rejected",
        "No such product: rejected",
        "Card declined: rejected",
        "Insufficient funds: rejected",
        "Cancelled after confirmation: cancelled",
        "The same Idempotency-Key twice: confirmed",
        "correlation id",
        "0 violations",
        "every order ended as it should",
    ):
        assert ending in one.output
    log = (one.run_dir / "demo.log").read_text()
    assert "worker started" in log
    assert "worker started" not in one.output
    assert f"{claim.TITLE}: confirmed" in one.output
    assert "no answer" in one.output
    assert "payments worker  │ died with -9; starting it again" in log
    assert one.left_behind() == []


@pytest.mark.slow
def test_it_can_be_run_again_on_the_same_files(demo: Callable[..., Demo]) -> None:
    assert demo("--once").end() == 0
    again = demo("--once")
    assert again.end() == 0, again.output
    assert "16 orders judged" in again.output


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)],
)
def test_a_signal_stops_everything(
    demo: Callable[..., Demo], number: signal.Signals
) -> None:
    one = demo()
    one.until(lambda: "All goes well" in one.output)
    one.process.send_signal(number)
    one.end()
    assert one.left_behind() == []


@pytest.mark.slow
def test_a_demo_that_is_killed_leaves_nothing_and_can_be_started_again(
    demo: Callable[..., Demo],
) -> None:
    one = demo()
    one.until(lambda: "All goes well" in one.output)
    one.process.kill()
    one.end()
    give_up = time.monotonic() + 20
    while one.left_behind():
        assert time.monotonic() < give_up, one.left_behind()
        time.sleep(0.1)
    again = demo("--once")
    assert again.end() == 0, again.output


@pytest.mark.slow
@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        {"PYTHONIOENCODING": "latin-1"},
        {name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "http_proxy")},
        {"ALL_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"},
    ],
    ids=["ascii", "latin-1", "http proxy", "all proxy"],
)
def test_a_poor_terminal_and_a_foreign_proxy_do_no_harm(
    demo: Callable[..., Demo], env: dict[str, str]
) -> None:
    one = demo("--once", **env)
    assert one.end() == 0, one.output
    assert "every order ended as it should" in one.output


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [("demo", "--once", "--port={port}"), ("orders", "help", "--commands")]
)
def test_whoever_reads_the_beginning_only_gets_no_traceback(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    run_dir, port = tmp_path / "run", free_port(3)
    script = '"$@" | head -n 1; exit ${PIPESTATUS[0]}'
    argv = [word.format(port=port) for word in words]
    done = subprocess.run(
        ["/bin/bash", "-c", script, "bash", sys.executable, ROOT / "manage.py", *argv],
        env={**os.environ, "RUN_DIR": str(run_dir)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
    assert done.returncode in {0, 1, 141}  # 0 if all was written before `head` left
    assert not list(run_dir.glob("*.sock"))


@pytest.mark.slow
def test_a_child_that_dies_is_restarted_and_said_so(
    demo: Callable[..., Demo],
) -> None:
    one = demo("--verbose")
    one.until(lambda: "Ctrl-C stops everything" in one.output)
    (pid,) = re.findall(
        r"inventory worker\s*│ .*worker started.* pid=(\d+)", one.output
    )
    os.kill(int(pid), signal.SIGKILL)
    one.until(lambda: "died with -9; starting it again" in one.output)
    one.until(
        lambda: len(re.findall(r"inventory worker.*worker started", one.output)) == 2
    )


@pytest.mark.slow
def test_a_wrong_outcome_is_marked_and_exits_with_1(
    demo: Callable[..., Demo],
) -> None:
    one = demo("--once", CANCEL_WINDOW_SECONDS="0")
    assert one.end() == 1
    assert "cancelling was answered with 409; expected cancelled" in one.output
    assert "demo: 1 of these went wrong" in one.output
    assert one.left_behind() == []


def test_a_port_that_is_taken_is_named(demo: Callable[..., Demo]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        one = demo(f"--port={port}", "--once")
        assert one.end() == 1
    assert f"port {port} for orders is not free" in one.output
    assert one.left_behind() == []


@pytest.mark.slow
def test_without_a_service_the_reader_starts_it(demo: Callable[..., Demo]) -> None:
    one = demo("--once", "--without", "inventory")
    one.until(lambda: "inventory is yours" in one.output)
    mine = subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "inventory", "work"],
        env={**os.environ, "RUN_DIR": str(one.run_dir)},
        stderr=subprocess.DEVNULL,
    )
    try:
        assert one.end() == 0, one.output
        assert "every order ended as it should" in one.output
    finally:
        mine.terminate()
        assert mine.wait(20) == 0
