"""A process that receives: layer, url, channel, waiters, and where to write numbers."""

import asyncio
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))


async def receive(layer: Any, channel: str, log: Any) -> None:
    while True:
        try:
            message = await layer.receive(channel)
        except Exception as error:  # a receiver of these tests just goes on
            print(repr(error), file=sys.stderr)
            await asyncio.sleep(0.05)
        else:
            log.write(f"{message['number']}\n")
            log.flush()


async def main(path: str, url: str, channel: str, waiters: str, log: Any) -> None:
    module, _, name = path.rpartition(".")
    host = {"address": url, "socket_timeout": None}
    layer = getattr(import_module(module), name)(hosts=[host], capacity=100_000)
    tasks = [
        asyncio.create_task(receive(layer, channel, log)) for _ in range(int(waiters))
    ]
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    log.write("ready\n")
    log.flush()
    await stopped.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await layer.close_pools()


if __name__ == "__main__":
    with Path(sys.argv.pop()).open("a") as log:
        asyncio.run(main(*sys.argv[1:], log))
