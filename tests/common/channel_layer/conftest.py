"""A broker that can be stopped, and channel layers on it.

`CHANNEL_LAYER` names the class to be tested; the promises of `test_promises.py` are
every channel layer's.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import redis

from common.conf.backends import OUR_CHANNEL_LAYER
from common.conf.embedded import embedded_bus_url
from suite import bus

LAYER = os.environ.get("CHANNEL_LAYER", OUR_CHANNEL_LAYER)
RECEIVER = Path(__file__).with_name("receiver.py")
Make = Callable[..., Any]


class Broker:
    """A Valkey server of our own, which may die and come back empty."""

    def __init__(self, directory: Path) -> None:
        self._argv = bus.command(directory)
        self.url = embedded_bus_url(directory)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            with suppress(redis.RedisError), self.client as client:
                client.ping()
                return
            assert time.monotonic() < end, "the broker does not start"
            time.sleep(0.01)

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("bus"))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def broker(shared_broker: Broker) -> Broker:
    """Return a broker that is up and empty."""
    with suppress(redis.ConnectionError), shared_broker.client as client:
        client.flushall()
        return shared_broker
    shared_broker.start()
    return shared_broker


def layer_class() -> Any:
    module, _, name = LAYER.rpartition(".")
    return getattr(import_module(module), name)


@pytest.fixture
async def make(broker: Broker) -> AsyncIterator[Make]:
    """Return a function that makes layers, which are closed in the end."""
    made = []

    def make(*, hosts: int = 1, **settings: Any) -> Any:
        at = [
            {"address": f"{broker.url}?db={number}", "socket_timeout": None}
            for number in range(hosts)
        ]
        made.append(layer_class()(hosts=at, **{"capacity": 100_000, **settings}))
        return made[-1]

    yield make
    for layer in made:
        with suppress(redis.RedisError):
            await layer.close_pools()


@pytest.fixture
def layer(make: Make) -> Any:
    return make()


async def until(condition: Callable[[], Any], seconds: float = 15) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def everything(layer: Any, channel: str, count: int) -> list[Any]:
    """Return the numbers in the next messages of a channel."""
    async with asyncio.timeout(15):
        return [(await layer.receive(channel))["number"] for _ in range(count)]


class Receiver:
    """A process that writes down the number of each message it receives."""

    def __init__(self, url: str, channel: str, waiters: int, log: Path) -> None:
        self._log = log
        log.touch()
        argv = [sys.executable, str(RECEIVER), LAYER, url, channel, str(waiters)]
        self.process = subprocess.Popen([*argv, str(log)])

    @property
    def lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    @property
    def ready(self) -> bool:
        return bool(self.lines)

    @property
    def numbers(self) -> list[int]:
        return [int(line) for line in self.lines[1:]]


@pytest.fixture
def receivers(broker: Broker, tmp_path: Path) -> Iterator[Make]:
    """Return a function that starts receivers."""
    started: list[Receiver] = []

    def start(count: int, channel: str = "work", waiters: int = 1) -> list[Receiver]:
        new = [
            Receiver(broker.url, channel, waiters, tmp_path / f"{len(started) + n}.log")
            for n in range(count)
        ]
        started.extend(new)
        return new

    yield start
    for receiver in started:
        receiver.process.kill()
        receiver.process.wait()
