"""Two lists and two blocking pops, by redis-py, unpipelined: what the broker costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from lab.rpc.peers import Call

TITLE = "raw lists on Valkey"
NEEDS = ()
BROKER = "valkey"
LANES = 64


async def pop(server: Any, key: str | bytes) -> bytes:
    """Wait for the next element of a list."""
    _, element = await server.blpop(key, 0)
    return bytes(element)


async def serve(address: str) -> None:
    """Push each body onto the list that it names."""

    async def lane() -> None:
        server = Redis.from_url(f"redis://{address}", socket_timeout=None)
        while True:
            message = await pop(server, "requests")
            reply_to, _, body = message.partition(b"|")
            await server.rpush(reply_to, body)

    await asyncio.gather(*(lane() for _ in range(LANES)))


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Use a connection and a reply list for each call in flight."""
    free: list[tuple[Redis, bytes]] = []
    servers: list[Redis] = []

    async def call(body: bytes) -> bytes:
        if not free:
            servers.append(Redis.from_url(f"redis://{address}", socket_timeout=None))
            free.append((servers[-1], b"replies %d" % len(servers)))
        server, replies = free.pop()
        await server.rpush("requests", replies + b"|" + body)
        reply = await pop(server, replies)
        free.append((server, replies))
        return reply

    yield call
    for server in servers:
        await server.aclose()
