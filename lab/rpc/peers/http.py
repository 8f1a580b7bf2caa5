"""Direct HTTP: a bare ASGI application in uvicorn, called with aiohttp."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from lab.rpc.peers import Call

TITLE = "direct HTTP, uvicorn and aiohttp"
NEEDS = ("uvicorn", "httptools", "aiohttp")
BROKER = None


async def application(_scope: Any, receive: Any, send: Any) -> None:
    """Answer a POST with its own body (ASGI 3)."""
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event.get("body", b""), event.get("more_body", False)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def serve(address: str) -> None:
    """Run uvicorn with its parser in C, and no log of accesses."""
    import uvicorn

    host, _, port = address.partition(":")
    config = uvicorn.Config(
        application,
        host=host,
        port=int(port),
        http="httptools",
        lifespan="off",
        log_level="warning",
    )
    await uvicorn.Server(config).serve()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Keep connections alive."""
    import aiohttp

    async with aiohttp.ClientSession() as session:

        async def call(body: bytes) -> bytes:
            async with session.post(f"http://{address}/", data=body) as response:
                return bytes(await response.read())

        yield call
