"""This project's client on any channel layer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from common.rpc.client import Client
from common.rpc.transports.channel import Channel
from lab import ours
from lab.echo import EchoInline, EchoPooled
from lab.rpc.peers import Call


@asynccontextmanager
async def connected(
    layer: Any, contract: type[EchoInline] | type[EchoPooled]
) -> AsyncIterator[Call]:
    """Call through the whole envelope."""
    ours.set_up()
    client = Client("lab", {"echo": Channel(layer)})

    async def call(body: bytes) -> bytes:
        return (await client.call(contract(body=body))).body

    yield call
    await client.close()
