"""The stock layer's pub/sub variant: fast, but every worker gets every message."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from lab.rpc.peers import Call, by_layer

TITLE = "stock channels_redis pub/sub"
NEEDS = ()
BROKER = "valkey"


def layer_at(address: str) -> Any:
    """Return the stock pub/sub layer."""
    host = {"address": f"redis://{address}", "socket_timeout": None}
    return RedisPubSubChannelLayer(hosts=[host])


async def serve(address: str) -> None:
    """Answer one message after the other."""
    layer = layer_at(address)
    while True:
        await by_layer.answer(layer, await layer.receive("echo"))


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Call over the pub/sub layer."""
    layer = layer_at(address)
    async with by_layer.connected(layer) as call:
        yield call
    await layer.flush()
