"""This project's client and worker on the stock channel layer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.client import Client
from common.transports.channel import Channel
from common.worker import Worker
from lab.rpc import echo
from lab.rpc.peers import Call, ours_inline, stock

TITLE = "Cutpoints on the stock layer"
NEEDS = ()
BROKER = "valkey"


async def serve(address: str) -> None:
    """Run our worker."""
    ours_inline.set_up()
    await Worker(echo.service, stock.layer_at(address)).run()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Call through the whole envelope."""
    ours_inline.set_up()
    client = Client("lab", {"echo": Channel(stock.layer_at(address))})

    async def call(body: bytes) -> bytes:
        return (await client.call(echo.EchoInline(body=body))).body

    yield call
    await client.close()
