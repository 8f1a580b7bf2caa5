"""Notices: a word to every process that listens, over a real broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.layers import BaseChannelLayer, InMemoryChannelLayer

from common.channel_layer import RedisChannelLayer
from common.rpc import notices as module
from common.rpc.notices import Notices
from tests.common.conftest import until

Make = Callable[..., Notices]


@pytest.fixture
async def make(bus_url: str) -> AsyncIterator[Make]:
    """Make the notices of one process, each with a layer of its own."""
    made: list[Notices] = []

    def one() -> Notices:
        layer = RedisChannelLayer(hosts=[bus_url])
        notices = Notices("shop", layer, lambda: layer.new_channel("response.shop"))
        made.append(notices)
        return notices

    yield one
    for notices in made:
        await notices.close()
        await notices._layer.close_pools()


async def listening(notices: Notices) -> dict[str, str]:
    """Have a process listen; return what it will have heard, once it has joined."""
    heard: dict[str, str] = {}
    notices.listen(heard.update)
    while not (notices._channel and await members(notices)):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return heard


async def members(notices: Notices) -> list[bytes]:
    layer = notices._layer
    line = layer._line(notices._group)
    found: list[bytes] = await line.run(
        "ZRANGE", layer._group_key(notices._group), 0, -1
    )
    return [one for one in found if one.decode() == notices._channel]


async def test_every_process_that_listens_hears_of_it(make: Make) -> None:
    one, other, teller = make(), make(), make()
    heard = await listening(one), await listening(other)
    teller.tell({"a": "confirmed"})
    teller.tell({"b": "rejected"})
    for words in heard:
        await until(lambda words=words: words == {"a": "confirmed", "b": "rejected"})  # type: ignore[misc]


async def test_what_changes_while_a_word_is_sent_is_one_word(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller, sent = make(), []
    go_on = asyncio.Event()

    async def slow(group: str, message: dict[str, Any]) -> None:
        sent.append(message["changed"])
        await go_on.wait()

    monkeypatch.setattr(teller._layer, "group_send", slow)
    for name in "abc":
        teller.tell({name: "confirmed"})
        await asyncio.sleep(0)
    go_on.set()
    await teller.close()
    assert [sorted(words) for words in sent] == [["a"], ["b", "c"]]


async def test_a_process_hears_itself_without_a_layer() -> None:
    alone, heard = Notices("shop"), {}
    alone.listen(heard.update)
    alone.tell({"a": "confirmed"})
    assert heard == {"a": "confirmed"}
    await alone.close()


async def test_a_layer_without_groups_is_no_layer_for_it() -> None:
    class Plain(BaseChannelLayer):
        extensions: tuple[str, ...] = ()

    alone, heard = Notices("shop", Plain()), {}
    alone.listen(heard.update)
    alone.tell({"a": "confirmed"})
    assert heard == {"a": "confirmed"}
    await alone.close()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "reply", "changed": {}},
        {"type": "notice", "changed": {"a": 1}},
        {"type": "notice", "changed": [1]},
        {"type": "notice"},
        {"type": "notice", "changed": {}, "more": 1},
    ],
)
async def test_what_is_no_notice_is_dropped(
    make: Make, message: dict[str, Any]
) -> None:
    one = make()
    heard = await listening(one)
    await one._layer.send(one._channel, message)
    one.tell({"a": "confirmed"})
    await until(lambda: heard == {"a": "confirmed"})
    assert not one._hearing[0].done()


async def test_a_listener_that_was_forgotten_comes_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "JOIN_EVERY", 0.1)
    one, teller = make(), make()
    heard = await listening(one)
    await one._layer.group_discard(one._group, one._channel)
    async with asyncio.timeout(10):
        while not await members(one):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    teller.tell({"a": "confirmed"})
    await until(lambda: heard == {"a": "confirmed"})


async def test_a_word_that_cannot_be_sent_is_lost_and_the_next_is_not(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, teller = make(), make()
    heard = await listening(one)
    send, failed = teller._layer.group_send, []

    async def fails_once(group: str, message: dict[str, Any]) -> None:
        if not failed:
            failed.append(message)
            raise ConnectionError("gone")
        await send(group, message)

    monkeypatch.setattr(teller._layer, "group_send", fails_once)
    teller.tell({"a": "confirmed"})
    await until(lambda: bool(failed))
    teller.tell({"b": "confirmed"})
    await until(lambda: heard == {"b": "confirmed"})


async def test_it_works_on_channels_own_layer_in_memory() -> None:
    layer = InMemoryChannelLayer()
    one = Notices("shop", layer, lambda: layer.new_channel("response.shop"))
    heard: dict[str, str] = {}
    one.listen(heard.update)
    async with asyncio.timeout(10):
        while not layer.groups:  # noqa: ASYNC110
            await asyncio.sleep(0)
    teller = Notices("shop", layer)
    teller.tell({"a": "confirmed"})
    await until(lambda: heard == {"a": "confirmed"})
    await teller.close()
    await one.close()
    assert not layer.groups.get("shop.changed")
