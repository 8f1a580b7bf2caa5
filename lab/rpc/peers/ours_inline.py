"""This project's bus: contracts, envelope, client, worker, channel layer."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from django.conf import settings

from common.channel_layer import RedisChannelLayer
from common.client import Client
from common.transports.channel import Channel
from common.worker import Worker
from lab.rpc import echo
from lab.rpc.peers import Call

TITLE = "Cutpoints, async handler"
NEEDS = ()
BROKER = "valkey"


def set_up() -> None:
    """Do without a Django project; log as in production with LOG_LEVEL=WARNING."""
    if not settings.configured:
        settings.configure(DB_THREADS=8)
    level = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=level, cache_logger_on_first_use=True)


def layer_at(address: str) -> Any:
    """Return our channel layer."""
    return RedisChannelLayer(hosts=[f"redis://{address}"], capacity=10_000)


async def serve(address: str) -> None:
    """Run our worker with its usual number of slots."""
    set_up()
    await Worker(echo.service, layer_at(address)).run()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Call through the whole envelope."""
    set_up()
    client = Client("lab", {"echo": Channel(layer_at(address))})

    async def call(body: bytes) -> bytes:
        return (await client.call(echo.EchoInline(body=body))).body

    yield call
    await client.close()
