"""A plain client of a channel layer: one reply channel, replies matched by number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from lab.rpc.peers import Call


@asynccontextmanager
async def connected(layer: Any) -> AsyncIterator[Call]:
    """Send to the channel `echo` and hand out what comes back."""
    channel = await layer.new_channel("response")
    waiting: dict[int, asyncio.Future[bytes]] = {}
    numbers = count()

    async def read() -> None:
        while True:
            reply = await layer.receive(channel)
            if future := waiting.pop(reply["id"], None):
                future.set_result(reply["body"])

    async def call(body: bytes) -> bytes:
        id = next(numbers)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        waiting[id] = future
        message = {"type": "echo", "id": id, "reply_to": channel, "body": body}
        await layer.send("echo", message)
        return await future  # it may be there already

    reader = asyncio.create_task(read())
    yield call
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)


async def answer(layer: Any, message: dict[str, Any]) -> None:
    """Send the reply to a message."""
    reply = {"type": "reply", "id": message["id"], "body": message["body"]}
    await layer.send(message["reply_to"], reply)
