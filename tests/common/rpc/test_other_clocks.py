"""Whose clock is wrong does not matter: a request grows old by the broker's."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from channels_redis.core import RedisChannelLayer as StockLayer

from common import clock
from common.channel_layer import RedisChannelLayer
from common.conf.backends import channel_layer
from common.context import Headers
from common.rpc.client import Client
from common.rpc.contract import Request
from common.rpc.envelope import RequestEnvelope, decode_request, encode
from common.rpc.transports.channel import Channel
from tests.common.channel_layer.test_age import make_older
from tests.common.conftest import until, working
from tests.common.rpc import echo
from tests.common.rpc.echo import Echo, Hold

STOCK = "channels_redis.core.RedisChannelLayer"

WRONG = [2.5, -2.5, 3600.0, -3600.0]
QUEUE = "asgi:{echo.request}"


@contextmanager
def clock_ahead(seconds: float) -> Iterator[None]:
    """Set this process's wall clock wrong for the block."""
    previous = clock.use(lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    try:
        yield
    finally:
        clock.use(previous)


class Sender:
    """Somebody on another machine, who sends and whose clock may be wrong."""

    def __init__(self, layer: Any, ahead: float = 0.0) -> None:
        self._layer, self._ahead = layer, ahead

    async def send(
        self, text: str, *, within: float = 2.0, reply_to: str | None = None
    ) -> None:
        sent_at = time.time() + self._ahead
        envelope = RequestEnvelope(
            id="1",
            method="Echo",
            version=1,
            sent_at=sent_at,
            deadline=sent_at + within,
            reply_to=reply_to,
            headers=Headers(),
            body={"text": text},
        )
        await self._layer.send("echo.request", encode(envelope))


@pytest.mark.parametrize("ahead", WRONG)
async def test_a_worker_whose_clock_is_wrong_serves_and_drops_what_is_too_old(
    layer: RedisChannelLayer, ahead: float
) -> None:
    service, _, heard = echo.make()
    sender = Sender(layer)
    reply_to = await layer.new_channel("response")
    await sender.send("old")
    await make_older(layer, QUEUE, 3)
    await sender.send("late, and it has time", within=30)
    await make_older(layer, QUEUE, 10)
    with clock_ahead(ahead):
        async with working(service, layer) as worker:
            await sender.send("fresh", reply_to=reply_to)
            answer = await layer.receive(reply_to)
            await until(lambda: len(heard) == 2)
            assert worker.dropped == {"expired": 1}
    assert sorted(heard) == ["fresh", "late, and it has time"]
    assert 0 <= answer.get("queue_seconds", 0.0) < 2, "nor does it count as waiting"


@pytest.mark.parametrize("ahead", WRONG)
async def test_a_caller_whose_clock_is_wrong_is_served_and_dropped_in_time(
    layer: RedisChannelLayer, ahead: float
) -> None:
    service, _, heard = echo.make()
    sender = Sender(layer, ahead)
    await sender.send("old")
    await make_older(layer, QUEUE, 3)
    async with working(service, layer) as worker:
        await sender.send("fresh")
        await until(lambda: heard == ["fresh"] and worker.dropped == {"expired": 1})


async def test_time_in_the_channel_is_what_a_reply_tells(
    layer: RedisChannelLayer, client: Client
) -> None:
    service, _, _ = echo.make()
    with clock_ahead(3600):
        call = asyncio.create_task(client.call_timed(Echo(text="waits"), timeout=30))
        await until(lambda: layer.connection(0).llen(QUEUE))
        await make_older(layer, QUEUE, 7)
    async with working(service, layer):
        answer = await call
    assert 7 <= answer.queue_seconds < 12


async def test_a_compensation_is_served_however_old_it_is(
    layer: RedisChannelLayer,
) -> None:
    service, _, heard = echo.make()
    await send_compensation(layer)
    await make_older(layer, QUEUE, 50)
    async with working(service, layer):
        await until(lambda: heard == ["compensate"])


async def send_compensation(layer: RedisChannelLayer) -> None:
    client = Client("test", {"echo": Channel(layer)})
    await client.notify(echo.Compensate())


@pytest.mark.parametrize(("ahead", "outcome"), [(0.0, "heard"), (3600.0, "dropped")])
async def test_on_a_layer_without_ages_the_senders_clock_stays(
    bus_url: str, layer: RedisChannelLayer, ahead: float, outcome: str
) -> None:
    stock = StockLayer(**channel_layer(bus_url, STOCK)["CONFIG"])
    service, _, heard = echo.make()
    with clock_ahead(ahead):
        async with working(service, stock) as worker:
            await Sender(stock).send("fresh")
            seen: dict[str, Callable[[], bool]] = {
                "heard": lambda: heard == ["fresh"],
                "dropped": lambda: worker.dropped == {"expired": 1},
            }
            await until(seen[outcome])
    await stock.close_pools()


async def test_what_travels_is_what_travelled_before(
    layer: RedisChannelLayer, client: Client
) -> None:
    await client.notify(Hold())
    message = await layer.receive("echo.request")
    assert set(message) == {
        *("type", "id", "method", "version", "sent_at", "deadline", "headers", "body")
    }
    envelope, request = decode_request("echo", message)
    assert envelope.deadline == pytest.approx(envelope.sent_at + Hold.timeout)
    assert isinstance(request, Request)
