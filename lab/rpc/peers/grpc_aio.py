"""gRPC, the asyncio API, with bytes in place of protobuf messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from lab.rpc.peers import Call

TITLE = "grpc.aio"
NEEDS = ("grpc",)
BROKER = None


async def serve(address: str) -> None:
    """Answer /lab.Echo/Say."""
    import grpc

    async def say(request: bytes, _context: Any) -> bytes:
        return request

    server = grpc.aio.server()
    methods = {"Say": grpc.unary_unary_rpc_method_handler(say)}
    handler = grpc.method_handlers_generic_handler("lab.Echo", methods)
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Share one channel."""
    import grpc

    async with grpc.aio.insecure_channel(address) as channel:
        say = channel.unary_unary("/lab.Echo/Say")

        async def call(body: bytes) -> bytes:
            return bytes(await say(body, wait_for_ready=True))

        yield call
