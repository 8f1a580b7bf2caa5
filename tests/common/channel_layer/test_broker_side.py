"""What the broker gets to see: few commands, declared keys, nothing for ever."""

import asyncio
from typing import Any

import pytest
import redis
from channels.exceptions import ChannelFull

from common.channel_layer import reader
from tests.common.channel_layer.conftest import Broker, Make, everything, until

HELLO = {"type": "hello", "number": 1}


def calls(client: redis.Redis) -> dict[str, int]:
    """Return how often each command came from a client."""
    stats = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): row["calls"] for name, row in stats.items()}


async def test_a_send_is_one_script_call(layer: Any, broker: Broker) -> None:
    await layer.send("work", HELLO)
    with broker.client as client:
        client.config_resetstat()
        for _ in range(10):
            await layer.send("work", HELLO)
        seen = calls(client)
    assert seen["evalsha"] == 10
    assert {"script|load", "eval"}.isdisjoint(seen)


async def test_sends_at_once_share_a_connection(layer: Any, broker: Broker) -> None:
    with broker.client as client:
        before = len(client.client_list())
        await asyncio.gather(*(layer.send("work", HELLO) for _ in range(50)))
        assert len(client.client_list()) == before + 1
        assert client.llen("asgi:{work}") == 50


async def test_sends_at_once_share_scripts(layer: Any, broker: Broker) -> None:
    await layer.send("work", HELLO)
    with broker.client as client:
        client.config_resetstat()
        await asyncio.gather(*(layer.send("work", HELLO) for _ in range(250)))
        assert calls(client)["evalsha"] <= 5
        assert client.llen("asgi:{work}") == 251


async def test_of_sends_at_once_the_first_find_room(make: Make) -> None:
    layer = make(capacity=3)
    messages = [{"type": "work", "number": number} for number in range(10)]
    results = await asyncio.gather(
        *(layer.send("work", message) for message in messages), return_exceptions=True
    )
    assert [type(result) for result in results] == 3 * [type(None)] + 7 * [ChannelFull]
    assert await everything(layer, "work", 3) == [0, 1, 2]


async def test_large_messages_at_once_are_no_piece_too_large(layer: Any) -> None:
    messages = [{"number": n, "bytes": n * b"x" * 600_000} for n in range(5)]
    await asyncio.gather(*(layer.send("work", message) for message in messages))
    assert await everything(layer, "work", 5) == [0, 1, 2, 3, 4]


async def test_many_expired_messages_do_not_hide_a_fresh_one(
    make: Make, broker: Broker
) -> None:
    layer = make(expiry=2)
    await asyncio.gather(*(layer.send("work", HELLO) for _ in range(1000)))
    with broker.client as client:
        client.persist("asgi:{work}")
        head = client.lindex("asgi:{work}", 0)
        old = b"%013d" % (int(head[:13]) - 10_000) + head[13:]
        client.delete("asgi:{work}")
        client.rpush("asgi:{work}", *[old] * 5000)
        await layer.send("work", {"type": "work", "number": 2})
        client.config_resetstat()
        assert await everything(layer, "work", 1) == [2]
        assert calls(client)["blmpop"] <= 4
    assert layer.counts["expired"] == 5000


async def test_waiters_are_counted_and_no_more_is_taken(
    layer: Any, broker: Broker
) -> None:
    waiting = [asyncio.create_task(layer.receive("work")) for _ in range(5)]
    with broker.client as client:
        client.config_resetstat()
        await asyncio.gather(*(layer.send("work", HELLO) for _ in range(20)))
        await asyncio.gather(*waiting)
        await until(lambda: client.llen("asgi:{work}") == 15)
        assert "lpush" not in calls(client), "too many were taken, and put back"


async def test_what_nobody_waits_for_any_longer_goes_back(
    layer: Any, make: Make, broker: Broker
) -> None:
    waiting = [asyncio.create_task(layer.receive("work")) for _ in range(3)]
    with broker.client as client:
        await until(lambda: any(c["cmd"] == "blmpop" for c in client.client_list()))
        for task in waiting[1:]:
            task.cancel()
        for number in range(3):
            await layer.send("other", {"type": "work", "number": number})
        client.rpush("asgi:{work}", *client.lrange("asgi:{other}", 0, -1))
        assert (await waiting[0])["number"] == 0
        await until(lambda: client.llen("asgi:{work}") == 2)
        assert 0 < client.pttl("asgi:{work}") <= 60_000
    assert await everything(make(), "work", 2) == [1, 2]


async def test_a_flushed_script_is_loaded_again(layer: Any, broker: Broker) -> None:
    await layer.send("work", HELLO)
    await layer.receive("work")
    receiving = asyncio.create_task(everything(layer, "work", 3))
    with broker.client as client:
        for _ in range(3):
            client.script_flush()
            await layer.send("work", HELLO)
    assert await receiving == [1, 1, 1]


async def test_a_receiver_that_comes_as_the_reader_ends_is_heard(
    layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "IDLE", 0)
    for turns in range(200):
        await layer.send("work", HELLO)
        for _ in range(turns % 20):
            await asyncio.sleep(0)
        assert await everything(layer, "work", 1) == [1]


async def test_idle_readers_and_lines_leave_nothing_behind(
    make: Make, broker: Broker
) -> None:
    with broker.client as client:
        before = len(client.client_list())
        layer = make()
        receiving = asyncio.create_task(layer.receive("work"))
        await layer.send("other", HELLO)
        await until(lambda: len(client.client_list()) == before + 2)
        await layer.close_pools()
        with pytest.raises(Exception, match="closed"):
            await receiving
        await until(lambda: len(client.client_list()) == before)


async def test_a_loop_that_ends_closes_its_connections(
    layer: Any, broker: Broker
) -> None:
    async def elsewhere() -> None:
        await layer.send("work", HELLO)
        receiving = asyncio.create_task(layer.receive("nothing"))
        await asyncio.sleep(0.05)
        receiving.cancel()

    with broker.client as client:
        before = len(client.client_list())
        await asyncio.to_thread(asyncio.run, elsewhere())
        await until(lambda: len(client.client_list()) == before)


async def test_flush_deletes_its_own_prefix_only(make: Make, broker: Broker) -> None:
    ours, other = make(prefix="a*b"), make(prefix="axb")
    for layer in (ours, other):
        await layer.send("work", HELLO)
        await layer.group_add("group", "channel")
    await ours.flush()
    with broker.client as client:
        assert sorted(client.keys()) == [b"axb:group:group", b"axb:{work}"]
    await ours.send("work", HELLO)
    assert await ours.receive("work") == HELLO


async def test_group_members_expire_by_the_brokers_clock(
    make: Make, broker: Broker
) -> None:
    layer = make(group_expiry=1)
    await layer.group_add("group", "early")
    await asyncio.sleep(0.6)
    await layer.group_add("group", "late")
    await asyncio.sleep(1.0)
    await layer.group_add("group", "now")
    await layer.group_send("group", HELLO)
    with broker.client as client:
        assert client.llen("asgi:{early}") == 0
        assert client.llen("asgi:{now}") == 1


async def test_a_group_message_is_each_receivers_own(layer: Any) -> None:
    channels = [await layer.new_channel() for _ in range(2)]
    for channel in channels:
        await layer.group_add("group", channel)
    await layer.group_send("group", {"type": "hello", "list": []})
    first, second = [await layer.receive(channel) for channel in channels]
    first["list"].append("changed")
    assert second["list"] == []


async def test_a_group_of_many_is_one_message_for_each_process(
    layer: Any, broker: Broker
) -> None:
    channels = [await layer.new_channel() for _ in range(500)]
    await asyncio.gather(*(layer.group_add("group", name) for name in channels))
    await layer.group_send("group", HELLO)
    with broker.client as client:
        assert client.llen(f"asgi:{{{layer.non_local_name(channels[0])}}}") == 1
    for channel in channels:
        assert await layer.receive(channel) == HELLO
