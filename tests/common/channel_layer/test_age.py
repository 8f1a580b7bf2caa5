"""A message's age, by the broker's clock; our own layer's alone."""

import asyncio
from typing import Any

import pytest

from common.channel_layer.frame import STAMP
from tests.common.channel_layer.conftest import LAYER, Make

pytestmark = pytest.mark.skipif(
    not LAYER.startswith("common."), reason="the stock layer has no ages"
)


async def make_older(layer: Any, key: str, seconds: float, host: int = 0) -> None:
    """Set back the stamps of what lies in a channel."""
    server = layer.connection(host)
    for index, frame in enumerate(await server.lrange(key, 0, -1)):
        stamp = int(frame[:STAMP]) - int(seconds * 1000)
        await server.lset(key, index, b"%013d" % stamp + frame[STAMP:])


async def aged(layer: Any, channel: str) -> float:
    async with asyncio.timeout(10):
        _, age = await layer.receive_with_age(channel)
    assert age is not None
    return float(age)


async def test_a_message_is_as_old_as_the_broker_says(layer: Any) -> None:
    await layer.send("work", {"number": 1})
    assert 0 <= await aged(layer, "work") < 5
    await layer.send("work", {"number": 2})
    await make_older(layer, "asgi:{work}", 30)
    assert 30 <= await aged(layer, "work") < 35


async def test_on_a_ring_each_broker_tells(make: Make) -> None:
    layer = make(hosts=2)
    for number in range(2):
        await layer.send("work", {"number": number})
    for host in range(2):
        await make_older(layer, "asgi:{work}", 20, host)
    ages = [await aged(layer, "work") for _ in range(2)]
    assert all(20 <= age < 25 for age in ages)


async def test_messages_of_process_local_channels_have_an_age(layer: Any) -> None:
    channel = await layer.new_channel("response")
    await layer.send(channel, {"number": 1})
    key = f"asgi:{{{channel.partition('!')[0]}!}}"
    await make_older(layer, key, 10)
    assert 10 <= await aged(layer, channel) < 15


async def test_what_was_given_back_does_not_grow_younger(make: Make) -> None:
    layer, other = make(), make()
    waiting = asyncio.create_task(layer.receive("work"))
    await asyncio.sleep(0)
    await layer.send("work", {"number": 1})
    await waiting
    await layer.send("work", {"number": 2})
    await make_older(layer, "asgi:{work}", 15)
    leaves = asyncio.create_task(layer.receive("work"))
    await asyncio.sleep(0)
    leaves.cancel()
    await layer.close_pools()
    assert 15 <= await aged(other, "work") < 20


async def test_a_duplicate_has_the_age_of_its_original(make: Make) -> None:
    layer = make(resilience={"seed": 1, "channels": {"work": {"duplicate": 1.0}}})
    await layer.send("work", {"number": 1})
    await make_older(layer, "asgi:{work}", 12)
    ages = [await aged(layer, "work") for _ in range(2)]
    assert all(12 <= age < 17 for age in ages)


async def test_a_message_without_a_stamp_has_no_age(layer: Any) -> None:
    frame = b"no-digits-at-all"[:STAMP] + b"\n" + layer.serialize({"number": 1})
    await layer.connection(0).rpush("asgi:{work}", frame)
    assert await layer.receive_with_age("work") == ({"number": 1}, None)
