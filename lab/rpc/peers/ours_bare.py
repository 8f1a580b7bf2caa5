"""This project's channel layer alone: no contracts, no envelope, no worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lab import ours
from lab.rpc.peers import Call, by_layer

TITLE = "Cutpoints, channel layer alone"
NEEDS = ()
BROKER = "valkey"
SLOTS = 32


async def serve(address: str) -> None:
    """Answer messages side by side."""
    layer = ours.layer_at(address)

    async def slot() -> None:
        while True:
            await by_layer.answer(layer, await layer.receive("echo"))

    await asyncio.gather(*(slot() for _ in range(SLOTS)))


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Call over the layer."""
    layer = ours.layer_at(address)
    async with by_layer.connected(layer) as call:
        yield call
    await layer.close_pools()
