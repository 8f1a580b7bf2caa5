"""This project's bus, with a handler in the pool of threads, as database work is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.client import Client
from common.transports.channel import Channel
from lab.rpc import echo
from lab.rpc.peers import Call, ours_inline

TITLE = "Cutpoints, handler in a thread"
NEEDS = ()
BROKER = "valkey"
serve = ours_inline.serve


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Call through the whole envelope."""
    ours_inline.set_up()
    client = Client("lab", {"echo": Channel(ours_inline.layer_at(address))})

    async def call(body: bytes) -> bytes:
        return (await client.call(echo.EchoPooled(body=body))).body

    yield call
    await client.close()
