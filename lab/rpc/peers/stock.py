"""The stock channel layer, served by the worker behind `runworker`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.consumer import AsyncConsumer
from channels.layers import get_channel_layer
from channels.routing import ChannelNameRouter
from channels.worker import Worker
from channels_redis.core import RedisChannelLayer
from django.conf import settings

from lab.rpc.peers import Call, by_layer

TITLE = "stock channels_redis, runworker"
NEEDS = ()
BROKER = "valkey"
CAPACITY = 10_000


def layer_at(address: str) -> Any:
    """Return the stock layer; its receive needs redis-py's socket timeout off."""
    host = {"address": f"redis://{address}", "socket_timeout": None}
    return RedisChannelLayer(hosts=[host], capacity=CAPACITY)


class Echo(AsyncConsumer):  # type: ignore[misc]  # channels is untyped
    """Answers each message of the channel `echo`."""

    async def echo(self, message: dict[str, Any]) -> None:
        """Handle a message of the type `echo`."""
        await by_layer.answer(self.channel_layer, message)


async def serve(address: str) -> None:
    """Run Channels' worker."""
    backend = "channels_redis.core.RedisChannelLayer"
    host = {"address": f"redis://{address}", "socket_timeout": None}
    config = {"hosts": [host], "capacity": CAPACITY}
    settings.configure(
        CHANNEL_LAYERS={"default": {"BACKEND": backend, "CONFIG": config}}
    )
    router = ChannelNameRouter({"echo": Echo.as_asgi()})
    await Worker(router, ["echo"], get_channel_layer()).handle()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Call over the stock layer."""
    layer = layer_at(address)
    async with by_layer.connected(layer) as call:
        yield call
    await layer.close_pools()
