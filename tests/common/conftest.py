"""A real bus, and workers and clients on it, inside the test's event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from common.channel_layer import RedisChannelLayer
from common.conf.backends import channel_layer
from common.conf.embedded import embedded_bus_url
from common.rpc.client import Client
from common.rpc.service import Service
from common.rpc.transports.channel import Channel
from common.rpc.worker import Worker
from suite import bus
from suite.supervisor import Program, Supervisor


@pytest.fixture(scope="session")
def bus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Valkey server for the session and return its URL."""
    run_dir: Path = tmp_path_factory.mktemp("bus")
    program = Program(name="bus", argv=bus.command(run_dir), ready="eady to accept")
    with Supervisor() as supervisor:
        supervisor.start(program)
        yield embedded_bus_url(run_dir)


@pytest.fixture
async def layer(bus_url: str) -> AsyncIterator[RedisChannelLayer]:
    """Return a channel layer on an empty bus."""
    with redis.Redis.from_url(bus_url) as server:
        server.flushall()
    layer = RedisChannelLayer(**channel_layer(bus_url)["CONFIG"])
    yield layer
    await layer.close_pools()


@pytest.fixture
async def client(bus_url: str, layer: RedisChannelLayer) -> AsyncIterator[Client]:
    """Return a client of the service `echo`, with a layer of its own."""
    own = RedisChannelLayer(**channel_layer(bus_url)["CONFIG"])
    client = Client("test", {"echo": Channel(own)})
    yield client
    await client.close()
    await own.close_pools()


@asynccontextmanager
async def working(service: Service, layer: Any, **limits: Any) -> AsyncIterator[Worker]:
    """Run a worker for the block, and drain it afterwards."""
    worker = Worker(service, layer, **limits)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


async def until(condition: Callable[[], Any] | Callable[[], Awaitable[Any]]) -> None:
    """Wait until a condition holds, for at most ten seconds."""
    async with asyncio.timeout(10):
        while True:
            held = condition()
            if isinstance(held, Awaitable):
                held = await held
            if held:
                return
            await asyncio.sleep(0.01)
