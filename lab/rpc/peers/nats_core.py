"""NATS request/reply, by nats-py: a broker that keeps nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from lab.rpc.peers import Call

TITLE = "NATS request/reply, nats-py"
NEEDS = ("nats",)
BROKER = "nats"


async def serve(address: str) -> None:
    """Respond to the subject `echo`."""
    import nats

    connection = await nats.connect(f"nats://{address}")

    async def answer(message: Any) -> None:
        await message.respond(message.data)

    await connection.subscribe("echo", cb=answer)
    await asyncio.Event().wait()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Use one connection, whose replies share an inbox."""
    import nats

    connection = await nats.connect(f"nats://{address}")

    async def call(body: bytes) -> bytes:
        return bytes((await connection.request("echo", body, timeout=30)).data)

    yield call
    await connection.close()
