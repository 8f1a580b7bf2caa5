"""This project's bus: contracts, envelope, client, worker, channel layer."""

from contextlib import AbstractAsyncContextManager

from common.rpc.worker import Worker
from lab import echo, ours
from lab.rpc.peers import Call
from lab.rpc.peers.by_client import connected

TITLE = "Cutpoints, async handler"
NEEDS = ()
BROKER = "valkey"


async def serve(address: str) -> None:
    """Run our worker with its usual number of slots."""
    ours.set_up()
    await Worker(echo.service, ours.layer_at(address)).run()


def connect(address: str) -> AbstractAsyncContextManager[Call]:
    """Call through the whole envelope."""
    return connected(ours.layer_at(address), echo.EchoInline)
