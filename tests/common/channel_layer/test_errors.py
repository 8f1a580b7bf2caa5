"""Bad input and a broker that refuses: a typed error each, and a reader that lives."""

import asyncio
import gc
from typing import Any

import pytest
import redis.exceptions
from channels.exceptions import ChannelFull, MessageTooLarge

from common.channel_layer import RedisChannelLayer
from common.channel_layer.errors import (
    BrokerRefused,
    BrokerUnreachable,
    ForeignChannel,
    InvalidMessage,
    NotSent,
    SendOutcomeUnknown,
    UnreadableMessage,
)
from common.channel_layer.reader import _Pop
from tests.common.channel_layer.conftest import Broker, Make, until

HELLO = {"type": "hello"}


async def still_works(layer: Any) -> None:
    """A message sent now is received."""
    await layer.send("work", HELLO)
    async with asyncio.timeout(10):
        assert await layer.receive("work") == HELLO


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (["not", "a", "dict"], "a dict, not list"),
        (None, "a dict, not NoneType"),
        ({1: "one"}, "text, not 1"),
        ({"when": object()}, "cannot be serialised"),
        ({"number": 2**65}, "cannot be serialised"),
        ({"text": "\ud800"}, "cannot be serialised"),
    ],
)
async def test_a_message_that_is_none_is_refused(
    layer: Any, message: Any, says: str
) -> None:
    with pytest.raises(InvalidMessage, match=says):
        await layer.send("work", message)
    with pytest.raises(TypeError, match=says):
        await layer.group_send("group", message)
    await still_works(layer)


@pytest.mark.parametrize(
    "name", ["x" * 100, "", "with space", "a!b!c", "ümlaut", None, 7, ["list"]]
)
async def test_a_name_that_is_none_is_refused(layer: Any, name: Any) -> None:
    with pytest.raises(TypeError, match="Channel name"):
        await layer.send(name, HELLO)
    with pytest.raises(TypeError, match="Channel name"):
        await layer.receive(name)
    with pytest.raises(TypeError, match="name"):
        await layer.group_add(name, "channel")
    with pytest.raises(TypeError, match="name"):
        await layer.group_add("group", name)
    await still_works(layer)


async def test_a_name_of_99_bytes_is_fine(layer: Any) -> None:
    await layer.send("x" * 99, HELLO)
    assert await layer.receive("x" * 99) == HELLO


async def test_a_message_above_the_limit_is_refused(make: Make) -> None:
    layer = make(max_message_size=1000)
    with pytest.raises(MessageTooLarge, match="at most 1000"):
        await layer.send("work", {"bytes": b"x" * 1001})
    await still_works(layer)


async def test_only_its_process_receives_from_a_local_channel(make: Make) -> None:
    channel = await make().new_channel()
    with pytest.raises(ForeignChannel, match="another process"):
        await make().receive(channel)


@pytest.mark.parametrize("channel", ["work", "local"])
async def test_another_key_makes_a_message_unreadable_and_no_more(
    make: Make, channel: str
) -> None:
    layer = make(symmetric_encryption_keys=["new", "old"])
    if channel == "local":
        channel = await layer.new_channel()
    receiving = asyncio.create_task(layer.receive(channel))
    await make(symmetric_encryption_keys=["wrong"]).send(channel, HELLO)
    with pytest.raises(UnreadableMessage, match="InvalidToken"):
        await receiving
    assert layer.counts["unreadable"] == 1
    await make(symmetric_encryption_keys=["old"]).send(channel, HELLO)
    assert await layer.receive(channel) == HELLO


@pytest.mark.parametrize(
    "garbage", [b"", b"\xc1", b"\n", b"9" * 13 + b"\n\xc1", b"9" * 13 + b"\n\x01"]
)
async def test_garbage_in_a_channel_is_unreadable_and_no_more(
    layer: Any, broker: Broker, garbage: bytes
) -> None:
    with broker.client as client:
        client.rpush("asgi:{work}", garbage)
    with pytest.raises(UnreadableMessage):
        async with asyncio.timeout(10):
            await layer.receive("work")
    await still_works(layer)


async def test_garbage_for_local_channels_is_counted(
    layer: Any, broker: Broker
) -> None:
    channel = await layer.new_channel()
    receiving = asyncio.create_task(layer.receive(channel))
    with broker.client as client:
        client.rpush(f"asgi:{{{layer.non_local_name(channel)}}}", b"garbage")
    await layer.send(channel, HELLO)
    assert await receiving == HELLO
    assert layer.counts["unreadable"] == 1


async def test_a_broker_out_of_memory_refuses_and_nothing_was_sent(
    layer: Any, broker: Broker
) -> None:
    with broker.client as client:
        limit = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(BrokerRefused, match="OOM") as raised:
                await layer.send("work", HELLO)
            with pytest.raises(BrokerRefused, match="OOM"):
                await layer.group_add("group", "channel")
        finally:
            client.config_set("maxmemory", limit)
    assert isinstance(raised.value, NotSent)
    assert isinstance(raised.value, redis.exceptions.ResponseError)
    await still_works(layer)


async def test_a_replica_refuses_and_its_promotion_is_noticed(
    layer: Any, broker: Broker
) -> None:
    receiving = asyncio.create_task(layer.receive("work"))
    await layer.send("other", HELLO)
    with broker.client as client:
        clients = client.client_list()
        (line,) = [c["id"] for c in clients if c["cmd"].startswith("eval")]
        client.replicaof("127.0.0.1", 1)
        try:
            with pytest.raises((BrokerRefused, BrokerUnreachable)):
                await receiving
            with pytest.raises(BrokerRefused, match=r"READONLY|UNBLOCKED"):
                await layer.send("work", HELLO)
            # the address may lead to another broker by now
            await until(lambda: line not in [c["id"] for c in client.client_list()])
        finally:
            client.replicaof("NO", "ONE")
    await still_works(layer)


async def test_a_user_without_permission_is_refused(layer: Any, broker: Broker) -> None:
    with broker.client as client:
        client.acl_setuser(
            "sender", enabled=True, passwords=["+secret"], keys=["asgi:{work}"],
            categories=["+@all"],
        )  # fmt: skip
    url = broker.url.replace("unix://", "unix://sender:secret@")
    sender = RedisChannelLayer(hosts=[url])
    await sender.send("work", HELLO)
    with pytest.raises(BrokerRefused, match="NOPERM"):
        await sender.send("other", HELLO)
    wrong = RedisChannelLayer(hosts=[url.replace("secret", "guess")])
    with pytest.raises((BrokerRefused, BrokerUnreachable), match="invalid username"):
        await wrong.send("work", HELLO)
    with pytest.raises((BrokerRefused, BrokerUnreachable), match="invalid username"):
        await wrong.receive("work")
    assert await layer.receive("work") == HELLO
    await sender.close_pools()
    await wrong.close_pools()


async def test_a_user_who_may_only_write_can_send(make: Make, broker: Broker) -> None:
    with broker.client as client:
        client.execute_command(
            *("ACL", "SETUSER", "writer", "on", "nopass", "resetkeys", "-@all"),
            *("%W~asgi:{work}", "+rpush", "+ltrim", "+lindex", "+pexpire", "+time"),
            *("+hello", "+client|setinfo", "(+eval +evalsha ~asgi:{work})"),
        )
    host = {"address": f"{broker.url}?username=writer&password=x"}
    layer = RedisChannelLayer(hosts=[host], capacity=2)
    try:
        for _ in range(2):
            await layer.send("work", HELLO)
        with pytest.raises(ChannelFull):
            await layer.send("work", HELLO)
        with pytest.raises(BrokerRefused):
            await layer.send("other", HELLO)
        with pytest.raises(BrokerRefused):
            await layer.receive("work")
        with broker.client as client:
            assert client.llen("asgi:{work}") == 2
    finally:
        await layer.close_pools()


async def test_no_broker_means_not_sent(broker: Broker) -> None:
    layer = RedisChannelLayer(hosts=["redis://127.0.0.1:1"])
    with pytest.raises(BrokerUnreachable) as raised:
        await layer.send("work", HELLO)
    assert isinstance(raised.value, NotSent | redis.exceptions.ConnectionError)
    with pytest.raises(BrokerUnreachable):
        await layer.receive("work")
    await layer.close_pools()


async def test_a_broker_that_is_silent_is_given_up_and_nobody_knows(
    broker: Broker,
) -> None:
    host = {"address": broker.url, "socket_timeout": 0.3}
    layer = RedisChannelLayer(hosts=[host])
    await layer.send("work", HELLO)
    with broker.client as client:
        client.client_pause(1000, all=True)
    with pytest.raises(SendOutcomeUnknown, match="does not answer"):
        await layer.send("work", HELLO)
    with broker.client as client:
        client.client_unpause()
    assert await layer.receive("work") == HELLO
    await layer.close_pools()


async def test_a_pop_that_nobody_awaits_any_more_fails_in_silence() -> None:
    unseen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: unseen.append(context)
    )
    pop = _Pop(Any, 1000, Any)  # its reader was stopped, and the broker died
    pop.popped(SendOutcomeUnknown("the connection to the broker broke"))
    await asyncio.sleep(0)
    del pop
    gc.collect()
    assert unseen == []


async def test_a_connection_that_breaks_leaves_the_outcome_unknown(
    layer: Any, broker: Broker
) -> None:
    await layer.send("work", HELLO)
    with broker.client as client:
        client.client_pause(10_000, all=True)
    sending = asyncio.create_task(layer.send("work", HELLO))
    await asyncio.sleep(0.1)
    broker.kill()
    with pytest.raises(SendOutcomeUnknown):
        await sending
    with pytest.raises(BrokerUnreachable):
        await layer.send("work", HELLO)
    broker.start()
    await still_works(layer)


async def test_something_that_is_no_valkey_is_named() -> None:
    async def answer(reader: asyncio.StreamReader, writer: Any) -> None:
        while await reader.read(1000):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    layer = RedisChannelLayer(hosts=[("127.0.0.1", port)])
    with pytest.raises((BrokerUnreachable, BrokerRefused, SendOutcomeUnknown)):
        await layer.send("work", HELLO)
    await layer.close_pools()
    server.close()


async def test_a_full_channel_says_so(make: Make) -> None:
    layer = make(capacity=3, channel_capacity={"tiny*": 1})
    await layer.send("tiny.one", HELLO)
    with pytest.raises(ChannelFull, match=r"tiny\.one holds 1"):
        await layer.send("tiny.one", HELLO)
    local = await layer.new_channel()
    for _ in range(3):
        await layer.send(local, HELLO)
    with pytest.raises(ChannelFull):
        await layer.send(await layer.new_channel(), HELLO)
    assert layer.counts["full"] == 2


@pytest.mark.parametrize(
    "setting",
    [
        {"capacity": 0},
        {"expiry": -1},
        {"group_expiry": 0},
        {"max_message_size": 0},
        {"channel_capacity": {"x": 0}},
        {"prefix": 7},
        {"hosts": "redis://localhost"},
        {"symmetric_encryption_keys": "secret"},
        {"resilience": {"channels": {"*": {"drop": 2}}}},
        {"resilience": {"channels": {}, "speed": 1}},
    ],
)
def test_a_setting_that_cannot_be_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        RedisChannelLayer(**setting)
