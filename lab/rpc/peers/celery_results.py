"""Celery: Valkey as broker and result backend, a worker with a pool of threads."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from lab.rpc.peers import Call

TITLE = "Celery, Redis result backend"
NEEDS = ("celery",)
BROKER = "valkey"


def application(address: str) -> Any:
    """Return a Celery application with one task, `echo`."""
    import celery

    url = f"redis://{address}/0"
    app = celery.Celery("lab", broker=url, backend=url)

    @app.task(name="echo")  # type: ignore[untyped-decorator]
    def echo(body: str) -> str:
        return body

    return app


def serve(address: str) -> None:
    """Run a Celery worker."""
    options = ["--pool=threads", "--concurrency=8", "--loglevel=ERROR"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    application(address).worker_main(["worker", *options, *quiet])


@asynccontextmanager
async def connect(address: str) -> AsyncIterator[Call]:
    """Wait for each result in a thread, since Celery has no asyncio client."""
    task = application(address).tasks["echo"]
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(64) as pool:

        def wait(body: bytes) -> bytes:
            result = task.apply_async((body.decode(),)).get(timeout=30)
            return str(result).encode()

        async def call(body: bytes) -> bytes:
            return await loop.run_in_executor(pool, wait, body)

        yield call
