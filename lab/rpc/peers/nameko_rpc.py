"""nameko on RabbitMQ, where a RabbitMQ server is installed."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from lab.rpc.peers import Call

TITLE = "nameko on RabbitMQ"
NEEDS = ("nameko",)
BROKER = "rabbitmq"


def serve(address: str) -> None:
    """Run nameko's service container."""
    import eventlet

    eventlet.monkey_patch()
    from nameko.containers import ServiceContainer
    from nameko.rpc import rpc

    class EchoService:
        name = "echo"

        @rpc  # type: ignore[untyped-decorator]
        def say(self, body: str) -> str:
            return body

    config = {"AMQP_URI": f"amqp://guest:guest@{address}", "max_workers": 32}
    container = ServiceContainer(EchoService, config=config)
    container.start()
    container.wait()


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Use a proxy for each thread: nameko has no asyncio client."""
    from nameko.standalone.rpc import ClusterRpcProxy

    config = {"AMQP_URI": f"amqp://guest:guest@{address}"}
    loop = asyncio.get_running_loop()
    proxies: list[Any] = []
    free: list[Any] = []
    with ThreadPoolExecutor(64) as pool:

        def wait(body: bytes) -> bytes:
            if not free:
                proxies.append(ClusterRpcProxy(config))
                free.append(proxies[-1].start())
            proxy = free.pop()
            reply = proxy.echo.say(body.decode())
            free.append(proxy)
            return str(reply).encode()

        async def call(body: bytes) -> bytes:
            return await loop.run_in_executor(pool, wait, body)

        yield call
        for proxy in proxies:
            await loop.run_in_executor(pool, proxy.stop)
