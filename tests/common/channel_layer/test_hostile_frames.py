"""Frames that no layer of ours makes: whoever may write to a channel can push them."""

import asyncio
from typing import Any

import pytest
from channels.exceptions import MessageTooLarge

from common.channel_layer.errors import UnreadableMessage
from common.channel_layer.frame import MOST_NAMES, STAMP
from tests.common.channel_layer.conftest import LAYER, Make, everything

pytestmark = pytest.mark.skipif(
    not LAYER.startswith("common."), reason="the stock layer has other frames"
)
FUTURE = b"9999999999999"
NO_STAMP = b"x" * STAMP


async def push(layer: Any, channel: str, *frames: bytes) -> None:
    name, mark, _ = channel.partition("!")
    await layer.connection(0).rpush(f"asgi:{{{name}{mark}}}", *frames)


def nodes(count: int) -> bytes:
    """Return a message of so many empty lists, a byte each."""
    return b"r" * 12 + b"\x81\xa1x\xdd" + count.to_bytes(4, "big") + b"\x90" * count


async def test_what_is_too_long_is_not_deserialised(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make(max_receive_size=1000)
    looked: list[int] = []
    deserialize = layer.deserialize

    def look(data: bytes) -> Any:
        looked.append(len(data))
        return deserialize(data)

    monkeypatch.setattr(layer, "deserialize", look)
    for channel in ("work", await layer.new_channel()):
        name = channel if "!" in channel else ""
        for size in (1000, 500_000):
            frame = NO_STAMP + name.encode() + b"\n" + nodes(size)
            await push(layer, channel, frame)
            with pytest.raises(UnreadableMessage, match="too many"):
                async with asyncio.timeout(5):
                    await layer.receive(channel)
    assert looked == []
    assert layer.counts["unreadable"] == 4
    await layer.send("work", {"number": 1})
    assert await everything(layer, "work", 1) == [1], "it goes on"


async def test_what_may_be_sent_may_be_received(make: Make) -> None:
    layer = make(max_message_size=5000)
    await layer.send("work", {"number": 1, "text": "x" * 4900})
    assert await everything(layer, "work", 1) == [1]
    with pytest.raises(MessageTooLarge):
        await layer.send("work", {"text": "x" * 5000})


async def test_invented_channels_get_no_inbox(layer: Any) -> None:
    channel = await layer.new_channel()
    prefix, _, own = channel.partition("!")
    invented = [
        " ".join(f"a{number}" for number in range(MOST_NAMES)),
        " ".join(f"{prefix}!{number:032x}" for number in range(MOST_NAMES)),
        f"{prefix}!",
        f"{prefix}!{own[:-1]}",
        f"other{prefix[8:]}!{own}",
        f"{await layer.new_channel('other')}",
    ]
    frames = [
        stamp + names.encode() + b"\n" for names in invented for stamp in (FUTURE,)
    ]
    await push(layer, channel, *frames)
    await layer.send(channel, {"number": 1})
    assert await everything(layer, channel, 1) == [1]
    assert dict(layer.receive_buffer) == {}
    assert layer.counts["unknown_channel"] == 2 * MOST_NAMES + 4


async def test_a_frame_is_for_so_many_channels_at_most(layer: Any) -> None:
    channel = await layer.new_channel()
    many = " ".join([channel] * (MOST_NAMES + 1)).encode()
    await push(layer, channel, NO_STAMP + many + b"\n", NO_STAMP + b"a" * 10**6)
    await layer.send(channel, {"number": 1})
    assert await everything(layer, channel, 1) == [1]
    assert layer.counts["unreadable"] == 2


async def test_a_channel_that_is_named_twice_gets_a_message_once(layer: Any) -> None:
    channel = await layer.new_channel()
    names = f"{channel} {channel}".encode()
    await push(
        layer, channel, NO_STAMP + names + b"\n" + layer.serialize({"number": 1})
    )
    await layer.send(channel, {"number": 2})
    assert await everything(layer, channel, 2) == [1, 2]


async def test_a_stamp_in_the_future_lengthens_no_life(make: Make) -> None:
    layer = make(expiry=1)
    channel, waiting = await layer.new_channel(), await layer.new_channel()
    payload = layer.serialize({"number": 1})
    await push(layer, channel, FUTURE + channel.encode() + b"\n" + payload)
    await layer.send(waiting, {"number": 2})
    assert await everything(layer, waiting, 1) == [2]
    assert list(layer.receive_buffer) == [channel]
    (frame,) = layer.receive_buffer[channel]._frames
    now = asyncio.get_running_loop().time()
    assert frame.expires_at <= now + 1
    assert 0 <= frame.age < 1


async def test_a_name_that_was_received_from_is_known(layer: Any) -> None:
    """Whoever made it: an application may put names together itself."""
    channel = f"mine.{layer.client_prefix}!by-hand"
    waiting = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)
    await layer.send(channel, {"number": 1})
    assert (await waiting)["number"] == 1
    await layer.send(channel, {"number": 2})
    assert await everything(layer, channel, 1) == [2]


async def test_a_large_group_is_sent_to_in_several_frames(layer: Any) -> None:
    channels = [await layer.new_channel() for _ in range(MOST_NAMES + 1)]
    for channel in channels:
        await layer.group_add("group", channel)
    await layer.group_send("group", {"number": 1})
    for channel in channels:
        assert await everything(layer, channel, 1) == [1]
