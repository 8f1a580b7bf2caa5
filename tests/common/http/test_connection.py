"""The real server against clients that ask in every wrong way, over real sockets."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from suite.supervisor import Program, Supervisor, run_to_end
from tests.ports import free_ports

HOST = b"Host: localhost\r\n"
ORDERS = b"POST /api/orders HTTP/1.1\r\n" + HOST
BUNDLE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"


class Web:
    """One web process of orders, without a bus: it is not ready, but serves."""

    def __init__(self, run_dir: Path, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_ports()["orders"]
        self.lines: list[str] = []
        self.supervisor = Supervisor(lambda _, line: self.lines.append(line))
        where = ("--port", str(self.port), "--host", host)
        self.env = {"RUN_DIR": str(run_dir), "THROTTLE_READS": "100000/min"}
        manage = [sys.executable, "manage.py", "orders"]
        migrate = Program(
            name="migrate", argv=[*manage, "migrate"], ready="", env=self.env
        )
        run_to_end(migrate, lambda _, line: None)
        self.program = Program(
            name="web",
            argv=[*manage, "serve", *where],
            ready="web started",
            env=self.env,
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.supervisor.start(self.program)

    def connect(self) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection((self.host, self.port), timeout=15)

    def raw(self, data: bytes, *, half_close: bool = False) -> tuple[int, bytes]:
        """Send bytes; return the status and all that came until the end of it."""
        with self.connect() as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            got = b""
            while not _complete(got):
                piece = connection.recv(65536)
                if not piece:
                    break
                got += piece
        status = re.match(rb"HTTP/1\.[01] (\d{3})", got)
        return int(status[1]) if status else 0, got

    def files(self) -> int:
        """Return how many files the process has open."""
        return len(os.listdir(f"/proc/{self.supervisor.pid('web')}/fd"))

    def memory(self) -> int:
        """Return the process's memory in MiB."""
        status = Path(f"/proc/{self.supervisor.pid('web')}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024  # type: ignore[index]


def _complete(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\ncontent-length: (\d+)", head)
    return bool(end and length and len(body) >= int(length[1]))


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    web = Web(tmp_path_factory.mktemp("web"))
    web.start()
    yield web
    web.supervisor.stop_all()
    bugs = [n for n, line in enumerate(web.lines) if "Traceback" in line]
    assert not bugs, web.lines[bugs[0] - 2 : bugs[0] + 60]


def semicolons(count: int, boundary: bytes = b"x") -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; a="' + b";" * count
    body = part + b"\r\n\r\n--x--\r\n"
    kind = b"Content-Type: multipart/form-data; boundary=" + boundary + b"\r\n"
    return kind + b"Content-Length: %d\r\n\r\n" % len(body) + body


REFUSED = {
    "a lower-case method": (b"head /api/orders HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "a long address": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 414),
    "an endless address": (b"GET /" + b"a" * 40_000, 414),
    "a long header": (b"GET / HTTP/1.1\r\nX: " + b"a" * 65_000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 501 + b"\r\n", 431),
    "a long body": (
        ORDERS + b"Content-Length: 2000000\r\n\r\n" + b"a" * 2_000_000,
        413,
    ),
    "a promised body": (ORDERS + b"Content-Length: 100000000\r\n\r\n", 413),
    "a huge length": (ORDERS + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "a signed length": (ORDERS + b"Content-Length: +5\r\n\r\naaaaa", 400),
    "two lengths": (ORDERS + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    "chunks": (ORDERS + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    "chunks and a length": (
        ORDERS + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
    ),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "a bad header's name": (b"GET / HTTP/1.1\r\nX y: 5\r\n\r\n", 400),
    "a bad header's value": (b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n", 400),
    "a path that is not ASCII": (b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a query that is not UTF-8": (
        b"GET /api/schema?\xff HTTP/1.1\r\n" + HOST + b"\r\n",
        400,
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_a_problem_document(web: Web, what: str) -> None:
    data, expected = REFUSED[what]
    status, got = web.raw(data)
    assert status == expected, got[:300]
    assert b"application/problem+json" in got
    assert b'"urn:cutpoints:problem:' in got


@pytest.mark.parametrize("path", ["/api/orders", "/api/token", "/admin/login/", "/no"])
@pytest.mark.parametrize("boundary", [b"x", b"", b"y" * 200])
@pytest.mark.parametrize("count", [100_000, 400_000])
def test_a_form_of_semicolons_takes_no_time_on_the_event_loop(
    web: Web, path: str, boundary: bytes, count: int
) -> None:
    form = b"POST " + path.encode() + b" HTTP/1.1\r\n" + HOST
    with web.connect() as connection:
        connection.sendall(form + semicolons(count, boundary))
        health = httpx.get(f"http://127.0.0.1:{web.port}/health/live", timeout=5)
        assert health.status_code == 200
        assert 400 <= int(connection.recv(65536).split()[1]) < 500


def test_a_client_that_closes_its_side_is_answered(web: Web) -> None:
    status, got = web.raw(
        b"GET /api/schema HTTP/1.1\r\n" + HOST + b"\r\n", half_close=True
    )
    assert status == 200
    assert got.endswith(b"\n")


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        (b"http://localhost/health/live", b"localhost", 200),
        (b"HTTP://localhost/health/live?a=b", b"elsewhere.example", 200),
        (b"http://localhost/api/schema", b"elsewhere.example", 200),
        (b"http://localhost", b"localhost", 302),
        (b"http://elsewhere.example/api/schema", b"localhost", 421),
    ],
)
def test_an_address_in_full_names_its_host(
    web: Web, address: bytes, host: bytes, status: int
) -> None:
    data = b"GET " + address + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
    assert web.raw(data)[0] == status


@pytest.mark.parametrize("root", [b"/x", b"http://evil.example", b"/\xe9"])
def test_no_client_moves_the_application(web: Web, root: bytes) -> None:
    moved = HOST + b"Daphne-Root-Path: " + root + b"\r\n\r\n"
    status, got = web.raw(b"GET / HTTP/1.1\r\n" + moved)
    assert (status, b"location: /api/docs\r\n" in got.lower()) == (302, True)
    assert web.raw(b"GET /x/health/live HTTP/1.1\r\n" + moved)[0] == 404


def test_pipelined_requests_of_a_client_that_closes_its_side_are_answered(
    web: Web,
) -> None:
    ask = b"GET /no HTTP/1.1\r\n" + HOST + b"\r\n"
    with web.connect() as connection:
        connection.sendall(ask * 4 + ask[:10])
        connection.shutdown(socket.SHUT_WR)
        got = b""
        while piece := connection.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 404") == 4


def all_of(web: Web, data: bytes) -> bytes:
    """Return all that comes until the server closes the connection."""
    with web.connect() as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


NOWHERE = b"GET /no HTTP/1.1\r\n" + HOST
AHEAD = {
    "a body": ORDERS + b"Content-Length: 2\r\n\r\n{}",
    "a long head": NOWHERE + b"X: " + b"a" * 5_000 + b"\r\n\r\n",
    "a websocket": NOWHERE + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("what", AHEAD)
def test_what_costs_more_is_not_read_ahead(web: Web, what: str) -> None:
    got = all_of(web, NOWHERE + b"\r\n" + AHEAD[what])
    assert re.findall(rb"HTTP/1.1 (\d+)", got) == [b"404"]
    assert b"connection: close" in got.lower()


def test_few_requests_are_read_ahead(web: Web) -> None:
    got = all_of(web, (NOWHERE + b"\r\n") * 150)
    assert got.count(b"HTTP/1.1 404") == 101


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (b"\x16\x03\x01\r\n\r\n", b"400"),
        (ORDERS + b"Transfer-Encoding: chunked", b"411"),
    ],
)
def test_a_refusal_waits_for_the_answers_before_it(
    web: Web, wrong: bytes, status: bytes
) -> None:
    got = all_of(web, (NOWHERE + b"\r\n") * 3 + wrong + b"\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", got) == [b"404"] * 3 + [status]


UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
HANDSHAKES = {
    "good": (b"GET / HTTP/1.1\r\n" + HOST + UPGRADE, 403),
    "no key": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        400,
    ),
    "by POST": (ORDERS + UPGRADE + b"Content-Length: 0\r\n", 400),
    "by HEAD": (b"HEAD / HTTP/1.1\r\n" + HOST + UPGRADE, 302),
    "of HTTP/1.0": (b"GET / HTTP/1.0\r\n" + HOST + UPGRADE, 302),
    "many headers": (b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + b"X: a\r\n" * 200, 400),
    "a long header": (
        b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + b"X: " + b"a" * 9_000 + b"\r\n",
        400,
    ),
    "for h2c": (
        b"GET /no HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\nConnection: Upgrade\r\n",
        404,
    ),
}


@pytest.mark.parametrize("what", HANDSHAKES)
def test_a_handshake_is_refused_or_taken_for_http(web: Web, what: str) -> None:
    data, expected = HANDSHAKES[what]
    assert web.raw(data + b"\r\n")[0] == expected


def test_a_handshake_with_a_body_is_taken_for_http(web: Web) -> None:
    data = b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + b"Content-Length: 2\r\n\r\n{}"
    assert web.raw(data)[0] == 302


def test_a_client_that_reads_nothing_costs_little(web: Web) -> None:
    httpx.get(f"http://127.0.0.1:{web.port}{BUNDLE}")
    files, memory = web.files(), web.memory()
    ask = b"GET " + BUNDLE.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    connections = [web.connect() for _ in range(5)]
    for connection in connections:
        connection.sendall(ask * 200)
    for _ in range(20):
        httpx.get(f"http://127.0.0.1:{web.port}/health/live")
    assert web.memory() < memory + 30
    for connection in connections:
        connection.close()
    give_up = time.monotonic() + 15
    while web.files() > files + 1:
        assert time.monotonic() < give_up, (web.files(), files)
        time.sleep(0.05)


def test_a_pipeline_is_answered_in_order(web: Web) -> None:
    asks = b"".join(
        b"GET /no/%d HTTP/1.1\r\n" % number
        + HOST
        + b"X-Correlation-ID: number-%d\r\n" % number
        + b"\r\n"
        for number in range(50)
    )
    with web.connect() as connection:
        connection.sendall(asks)
        got = b""
        while got.count(b"HTTP/1.1 404") < 50:
            got += connection.recv(65536)
    numbers = re.findall(rb"(?i)X-Correlation-ID: number-(\d+)", got)
    assert numbers[:49] == [str(number).encode() for number in range(49)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--port", "0", "expected a port from 1 to 65535"),
        ("--port", "70000", "expected a port from 1 to 65535"),
        ("--host", "", "--host: expected an address"),
        ("--grace", "nan", "--grace: expected seconds from 0 to 3600"),
        ("--grace", "-1", "--grace: expected seconds from 0 to 3600"),
        ("--host", "nowhere.invalid", "cannot listen on nowhere.invalid"),
        ("--host", "a:b]", "cannot listen on a:b]"),
    ],
)
def test_an_address_that_cannot_be_is_one_line(
    tmp_path: Path, option: str, value: str, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "orders", "serve", option, value],
        env={**os.environ, "RUN_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_slow_requests_leave_places_to_others(tmp_path: Path) -> None:
    web = Web(tmp_path)
    web.program = replace(
        web.program,
        argv=["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", *web.program.argv],
    )
    web.start()
    try:
        with ExitStack() as stack:
            for _ in range(100):
                slow = stack.enter_context(web.connect())
                with suppress(ConnectionError):  # it made room already
                    slow.sendall(b"GET / HTTP/1.1\r\n")
            for path in (b"/health/live", b"/api/schema"):
                ask = b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n"
                assert web.raw(ask)[0] == 200
    finally:
        web.supervisor.stop_all()


@pytest.mark.slow
def test_it_serves_on_ipv6(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    web = Web(tmp_path, "::1")
    web.start()
    try:
        assert web.raw(b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n")[0] == 200
    finally:
        web.supervisor.stop_all()
