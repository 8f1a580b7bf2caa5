"""What a channel layer promises, where the stock layer's own tests do not look.

Several processes, crashes, restarts, wrong clocks, cancelled receives. The promises are
those of the Channels specification: at most once, in order for one receiver, expiry,
capacity. Run it on another layer with

    CHANNEL_LAYER=channels_redis.core.RedisChannelLayer \
        pytest tests/common/channel_layer/test_promises.py
"""

import asyncio
import random
import signal
import threading
import time
from collections import Counter
from typing import Any

import pytest
from channels.exceptions import ChannelFull

from tests.common.channel_layer.conftest import (
    Broker,
    Make,
    Receiver,
    everything,
    until,
)


async def send_all(layer: Any, channel: str, count: int, *, pause: float = 0) -> None:
    for number in range(count):
        await layer.send(channel, {"type": "work", "number": number})
        if pause:
            await asyncio.sleep(pause)


def received(receivers: list[Receiver]) -> Counter[int]:
    return Counter(number for one in receivers for number in one.numbers)


async def settled(receivers: list[Receiver], count: int) -> Counter[int]:
    """Wait until everything was received, then a moment longer for duplicates."""
    try:
        await until(lambda: len(received(receivers)) >= count)
    except TimeoutError:
        missing = count - len(received(receivers))
        pytest.fail(f"{missing} of {count} messages were lost")
    before = -1
    while (now := received(receivers).total()) != before:
        before = now
        await asyncio.sleep(0.3)
    return received(receivers)


@pytest.mark.parametrize("pause", [0, 0.002], ids=["saturated", "paced"])
@pytest.mark.parametrize("processes", [1, 2, 4, 8])
async def test_each_message_is_received_once(
    layer: Any, receivers: Make, processes: int, pause: float
) -> None:
    started = receivers(processes, waiters=8)
    await until(lambda: all(one.ready for one in started))
    count = 300 if pause else 2000
    await send_all(layer, "work", count, pause=pause)
    assert set((await settled(started, count)).values()) == {1}, "duplicates"


async def test_a_backlog_is_received_once(layer: Any, receivers: Make) -> None:
    await send_all(layer, "work", 2000)
    started = receivers(4, waiters=8)
    assert set((await settled(started, 2000)).values()) == {1}, "duplicates"


async def test_one_receiver_gets_one_senders_messages_in_order(
    layer: Any, receivers: Make
) -> None:
    (receiver,) = receivers(1)
    await send_all(layer, "work", 2000)
    await settled([receiver], 2000)
    assert receiver.numbers == sorted(receiver.numbers)


async def test_a_receiver_that_is_stopped_loses_nothing(
    layer: Any, receivers: Make
) -> None:
    first, second = receivers(2, waiters=8)
    await until(lambda: first.ready and second.ready)
    sending = asyncio.create_task(send_all(layer, "work", 1500, pause=0.001))
    await until(lambda: len(first.numbers) > 100)
    first.process.send_signal(signal.SIGTERM)
    await sending
    assert set((await settled([first, second], 1500)).values()) == {1}, "duplicates"
    await until(lambda: first.process.poll() is not None)
    assert first.process.returncode == 0


async def test_a_receiver_that_is_killed_loses_what_it_had_in_hand_at_most(
    layer: Any, receivers: Make
) -> None:
    first, second = receivers(2, waiters=8)
    await until(lambda: first.ready and second.ready)
    sending = asyncio.create_task(send_all(layer, "work", 1500, pause=0.001))
    await until(lambda: len(first.numbers) > 100)
    first.process.kill()
    await sending
    await until(lambda: len(received([first, second])) >= 1500 - 8)
    await asyncio.sleep(0.5)
    assert set(received([first, second]).values()) == {1}, "duplicates"


async def test_a_receiver_that_comes_later_takes_its_share_at_once(
    layer: Any, receivers: Make, broker: Broker
) -> None:
    """What one receiver has not taken is there for the next."""
    await send_all(layer, "work", 20)
    assert await everything(layer, "work", 5) == list(range(5))
    (late,) = receivers(1)
    assert set((await settled([late], 15)).values()) == {1}


async def test_cancelling_a_receive_loses_nothing(layer: Any, make: Make) -> None:
    """At any moment: the pop may be on its way there, or back."""
    sender, rng, got = make(), random.Random(1), []

    async def receive() -> None:
        got.append((await layer.receive("work"))["number"])

    for number in range(150):
        task = asyncio.create_task(receive())
        await asyncio.sleep(rng.uniform(0, 0.002))
        await sender.send("work", {"type": "work", "number": number})
        await asyncio.sleep(rng.uniform(0, 0.001))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    while len(got) < 150:
        async with asyncio.timeout(15):
            await receive()
    assert Counter(got) == Counter(range(150))


async def test_closing_while_messages_arrive_loses_nothing(make: Make) -> None:
    """At any moment: what the broker has handed over by then must not be dropped."""
    rng, got = random.Random(1), []
    sending = asyncio.create_task(send_all(make(), "work", 1500, pause=0.0002))

    async def receive(layer: Any) -> None:
        while True:
            got.append((await layer.receive("work"))["number"])

    while not sending.done():
        layer = make()
        tasks = [asyncio.create_task(receive(layer)) for _ in range(4)]
        await asyncio.sleep(rng.uniform(0.001, 0.01))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await layer.close_pools()
    await sending
    got += await everything(make(), "work", 1500 - len(got))
    assert Counter(got) == Counter(range(1500))


async def test_a_receive_with_a_timeout_loses_nothing(layer: Any, make: Make) -> None:
    sending = asyncio.create_task(send_all(make(), "work", 200, pause=0.003))
    got: list[int] = []
    end = time.monotonic() + 20
    while len(got) < 200 and time.monotonic() < end:
        try:
            message = await asyncio.wait_for(layer.receive("work"), 0.002)
            got.append(message["number"])
        except TimeoutError:
            continue
    await sending
    assert got == list(range(200))


async def test_a_cancelled_receive_leaves_messages_to_others(make: Make) -> None:
    idle, busy = make(), make()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(idle.receive("work"), 0.2)
    await send_all(busy, "work", 10)
    assert sorted(await everything(busy, "work", 10)) == list(range(10))


async def test_a_sender_whose_clock_is_ahead_does_not_go_last(
    layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now() + 30)
        await layer.send("work", {"type": "work", "number": 1})
    await layer.send("work", {"type": "work", "number": 2})
    assert await everything(layer, "work", 2) == [1, 2]


@pytest.mark.parametrize("keys", [None, ["secret"]], ids=["plain", "encrypted"])
async def test_a_sender_whose_clock_is_behind_is_heard(
    make: Make, monkeypatch: pytest.MonkeyPatch, keys: list[str] | None
) -> None:
    now, layer = time.time, make(symmetric_encryption_keys=keys)
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now() - 3600)
        await layer.send("work", {"type": "work", "number": 1})
    await layer.send("work", {"type": "work", "number": 2})
    assert await everything(layer, "work", 2) == [1, 2]


async def test_an_expired_message_is_not_received(make: Make) -> None:
    layer = make(expiry=1)
    await layer.send("work", {"type": "work", "number": 1})
    await asyncio.sleep(0.7)
    await layer.send("work", {"type": "work", "number": 2})
    await asyncio.sleep(0.5)  # the first is 1.2 s old now, the second 0.5 s
    assert await everything(layer, "work", 1) == [2]


async def test_an_expired_message_makes_room(make: Make) -> None:
    layer = make(expiry=1, capacity=2)
    await layer.send("work", {"type": "work", "number": 1})
    await asyncio.sleep(0.7)
    await layer.send("work", {"type": "work", "number": 2})
    with pytest.raises(ChannelFull):
        await layer.send("work", {"type": "work", "number": 3})
    await asyncio.sleep(0.5)
    await layer.send("work", {"type": "work", "number": 4})
    assert await everything(layer, "work", 2) == [2, 4]


async def test_capacity_is_never_exceeded_by_senders_at_once(make: Make) -> None:
    layers = [make(capacity=50) for _ in range(4)]
    results = await asyncio.gather(
        *(send_all(layer, "work", 40) for layer in layers), return_exceptions=True
    )
    assert any(isinstance(result, ChannelFull) for result in results)
    async with asyncio.timeout(15):
        for _ in range(50):
            await layers[0].receive("work")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(layers[0].receive("work"), 0.5)


async def test_everything_in_the_broker_expires(make: Make, broker: Broker) -> None:
    layer = make(expiry=30)
    local = await layer.new_channel()
    await layer.group_add("group", local)
    await layer.group_send("group", {"type": "work", "number": 0})
    await send_all(layer, "work", 50)
    await asyncio.gather(*(layer.receive("work") for _ in range(20)))
    with broker.client as client:
        keys = {key: client.ttl(key) for key in client.scan_iter()}
    assert keys
    assert [key for key, seconds in keys.items() if seconds == -1] == []


async def test_a_message_of_a_megabyte_arrives(layer: Any) -> None:
    await layer.send("work", {"type": "work", "number": 1, "bytes": b"x" * 2**20})
    async with asyncio.timeout(15):
        assert len((await layer.receive("work"))["bytes"]) == 2**20


async def test_replies_nobody_waits_for_do_not_pile_up(make: Make) -> None:
    """A local channel per call is what the documentation shows."""
    layer, sender = make(expiry=1), make(expiry=1)
    for number in range(200):
        gone = await layer.new_channel()
        await sender.send(gone, {"type": "late", "number": number})
    kept = await layer.new_channel()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        await sender.send(kept, {"type": "work", "number": 1})
        assert await everything(layer, kept, 1) == [1]
        await asyncio.sleep(0.05)
    assert len(layer.receive_buffer) <= 1


async def test_several_hosts_are_all_listened_to(make: Make) -> None:
    layer = make(hosts=3)
    await send_all(layer, "work", 30)
    async with asyncio.timeout(4):
        assert sorted(await everything(layer, "work", 30)) == list(range(30))


async def test_local_channels_are_found_on_several_hosts(make: Make) -> None:
    layer, sender = make(hosts=3), make(hosts=3)
    async with asyncio.timeout(10):
        for number in range(12):
            channel = await layer.new_channel(f"prefix-{number}")
            await sender.send(channel, {"type": "work", "number": number})
            assert await everything(layer, channel, 1) == [number]


async def test_a_broker_that_restarts_is_found_again(
    make: Make, broker: Broker
) -> None:
    layer, sender = make(), make()
    waiting = asyncio.create_task(layer.receive("work"))
    await sender.send("work", {"type": "work", "number": 1})
    assert (await waiting)["number"] == 1
    waiting = asyncio.create_task(layer.receive("work"))
    await asyncio.sleep(0.1)
    broker.kill()
    with pytest.raises(Exception, match=r".") as raised:  # each layer has its own
        async with asyncio.timeout(10):
            await waiting
    assert not isinstance(raised.value, TimeoutError), "it waits for ever"
    with pytest.raises(Exception, match=r"."):
        await sender.send("work", {"type": "work", "number": 2})
    broker.start()
    waiting = asyncio.create_task(layer.receive("work"))
    await sender.send("work", {"type": "work", "number": 3})
    async with asyncio.timeout(10):
        assert (await waiting)["number"] == 3


async def test_two_event_loops_share_a_layer(layer: Any) -> None:
    """As in a server whose threads call `async_to_sync`."""
    here = await layer.new_channel()
    replies: list[int] = []
    asyncio.get_running_loop().set_debug(True)  # it complains of other threads

    async def there() -> None:
        channel = await layer.new_channel()
        await layer.send(here, {"type": "hello", "channel": channel})
        replies.extend(await everything(layer, channel, 20))
        await layer.close_pools()

    thread = threading.Thread(
        target=asyncio.run, args=(there(),), kwargs={"debug": True}
    )
    thread.start()
    async with asyncio.timeout(15):
        channel = (await layer.receive(here))["channel"]
    other = asyncio.create_task(layer.receive(here))  # keeps this loop reading
    for number in range(20):
        await layer.send(channel, {"type": "work", "number": number})
    await until(lambda: not thread.is_alive())
    other.cancel()
    assert sorted(replies) == list(range(20))
