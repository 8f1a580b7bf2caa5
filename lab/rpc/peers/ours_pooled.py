"""This project's bus, with a handler in the pool of threads, as database work is."""

from contextlib import AbstractAsyncContextManager

from lab import echo, ours
from lab.rpc.peers import Call, ours_inline
from lab.rpc.peers.by_client import connected

TITLE = "Cutpoints, handler in a thread"
NEEDS = ()
BROKER = "valkey"
serve = ours_inline.serve


def connect(address: str) -> AbstractAsyncContextManager[Call]:
    """Call through the whole envelope."""
    return connected(ours.layer_at(address), echo.EchoPooled)
