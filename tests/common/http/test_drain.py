"""On SIGTERM the real server closes WebSockets with 1001, answers, and exits with 0."""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from suite.supervisor import Program, Supervisor
from tests.common.http.lingering import LARGE
from tests.ports import free_ports

ROUNDS = [pytest.param(1), pytest.param(10, marks=pytest.mark.slow)]
GOING_AWAY = (1001).to_bytes(2)
MASK = bytes(4)


class WebSocket:
    """As much of RFC 6455 as it takes: frames under 126 bytes, a mask of zeros."""

    def __init__(self, port: int, path: str = "/") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.stream = self.socket.makefile("rb")
        request = (
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version: 13",
        )
        self.socket.sendall("\r\n".join((*request, "", "")).encode())
        if path == "/undecided":
            return
        assert b" 101 " in self.stream.readline()
        while self.stream.readline() != b"\r\n":
            pass

    def send(self, opcode: int, payload: bytes = b"") -> None:
        """Send one frame."""
        head = bytes([0x80 | opcode, 0x80 | len(payload)])
        self.socket.sendall(head + MASK + payload)

    def receive(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of the next frame."""
        first, length = self.stream.read(2)
        return first & 0x0F, self.stream.read(length)

    def close(self) -> None:
        """Hang up."""
        self.stream.close()
        self.socket.close()


class Lingering:
    """The server, one process for each round."""

    def __init__(self, run_dir: Path, grace: int = 3) -> None:
        self.lines: list[str] = []
        self.port = free_ports()["orders"]
        self._pool = ThreadPoolExecutor(1)
        self._stopped: Future[int | None] = Future()
        self.supervisor = Supervisor(lambda _, line: self.lines.append(line))
        options = (f"--port={self.port}", f"--grace={grace}")
        argv = [sys.executable, "-m", "tests.common.http.lingering", *options]
        env = {"RUN_DIR": str(run_dir), "PYTHONFAULTHANDLER": "1"}
        self.program = Program(name="web", argv=argv, ready="web started", env=env)

    def start(self) -> None:
        """Start it."""
        self.lines.clear()
        self.supervisor.start(self.program)

    def until_said(self, words: str) -> None:
        """Wait for a line."""
        give_up = time.monotonic() + 10
        while not any(words in line for line in list(self.lines)):
            assert time.monotonic() < give_up, self.lines
            time.sleep(0.01)

    def terminate(self) -> None:
        """Tell it to stop."""
        self._stopped = self._pool.submit(self.supervisor.stop, "web")

    def status(self) -> int | None:
        """Wait for its end and return its exit status."""
        return self._stopped.result()


@pytest.fixture
def lingering(tmp_path: Path) -> Iterator[Lingering]:
    """Return a server that can be started."""
    lingering = Lingering(tmp_path)
    yield lingering
    lingering.supervisor.stop_all()


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("polite", [True, False], ids=["polite", "silent"])
def test_websockets_are_told_and_the_page_in_hand_is_answered(
    lingering: Lingering, polite: bool, rounds: int
) -> None:
    for _ in range(rounds):
        lingering.start()
        with (
            closing(WebSocket(lingering.port)) as web_socket,
            ThreadPoolExecutor() as pool,
        ):
            web_socket.send(1, b"hello")
            assert web_socket.receive() == (1, b"here")
            url = f"http://127.0.0.1:{lingering.port}/"
            page = pool.submit(httpx.get, url, timeout=15)
            lingering.until_said("page asked for")
            lingering.terminate()
            opcode, payload = web_socket.receive()
            assert (opcode, payload[:2]) == (8, GOING_AWAY)
            if polite:
                web_socket.send(8, payload[:2])
            assert page.result().text == "late, but here"
            assert lingering.status() == 0, lingering.lines
        assert "Traceback" not in "\n".join(lingering.lines)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_an_application_that_does_not_end_is_given_up(
    lingering: Lingering, rounds: int
) -> None:
    for _ in range(rounds):
        lingering.start()
        with closing(WebSocket(lingering.port, "/stubborn")) as web_socket:
            web_socket.send(1, b"hello")
            assert web_socket.receive() == (1, b"here")
            lingering.terminate()
            assert web_socket.receive()[0] == 8
            assert lingering.status() == 0, lingering.lines
        lingering.until_said("requests given up")
        assert "Traceback" not in "\n".join(lingering.lines)


def test_a_client_reads_its_answer_to_the_end(lingering: Lingering) -> None:
    lingering.start()
    with socket.create_connection(("127.0.0.1", lingering.port), timeout=10) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        lingering.until_said("all sent")
        lingering.terminate()
        lingering.until_said("web draining")
        got = b"".join(iter(lambda: client.recv(1 << 20), b""))
    assert len(got.partition(b"\r\n\r\n")[2]) == LARGE
    assert lingering.status() == 0, lingering.lines


def test_a_websocket_that_is_not_open_yet_is_refused(lingering: Lingering) -> None:
    lingering.start()
    with (
        closing(WebSocket(lingering.port, "/undecided")) as undecided,
        closing(WebSocket(lingering.port)) as web_socket,
    ):
        lingering.terminate()
        assert web_socket.receive()[1][:2] == GOING_AWAY
        assert b" 500 " in undecided.stream.readline()
        assert lingering.status() == 0, lingering.lines
    assert "Traceback" not in "\n".join(lingering.lines)


def test_whoever_presses_ctrl_c_twice_does_not_wait(tmp_path: Path) -> None:
    lingering = Lingering(tmp_path, grace=60)
    lingering.start()
    try:
        with closing(WebSocket(lingering.port, "/stubborn")) as web_socket:
            web_socket.send(1, b"hello")
            assert web_socket.receive() == (1, b"here")
            process = lingering.supervisor.pid("web")
            os.kill(process, signal.SIGINT)
            lingering.until_said("web draining")
            os.kill(process, signal.SIGINT)
            lingering.until_said("web stopped")
    finally:
        lingering.supervisor.stop_all()
