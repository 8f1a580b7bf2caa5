"""What a peer can cause a thousand times costs one line a second, and no memory."""

import asyncio
import gc
from typing import Any

import pytest
from structlog.testing import capture_logs

from common.channel_layer import RedisChannelLayer
from common.context import Headers
from common.ops import log_throttle as seldom
from common.rpc.client import Client
from common.rpc.contract import read
from common.rpc.envelope import ReplyEnvelope, encode
from common.rpc.errors import ContractBroken
from common.rpc.transports.channel import Channel
from tests.common.conftest import until, working
from tests.common.rpc import echo
from tests.common.rpc.echo import Echo
from tests.common.rpc.test_worker import message


def lines(logs: list[Any], event: str) -> list[Any]:
    return [log for log in logs if log["event"] == event]


async def test_a_flood_of_bad_requests_is_a_line_a_second(
    layer: RedisChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seldom, "PAUSE", 0.3)
    service, _, _ = echo.make()
    with capture_logs() as logs:
        async with working(service, layer) as worker:
            for _ in range(300):
                await layer.send("echo.request", message("Nope"))
                await layer.send("echo.request", message(body={}))
            await until(lambda: worker.dropped.total() == 600)
            await until(lambda: all(said(logs, r) == 300 for r in worker.dropped))
    assert len(lines(logs, "message dropped")) < 60


def said(logs: list[Any], reason: str) -> int:
    """Return how many messages the lines of a reason tell of."""
    told = [log for log in lines(logs, "message dropped") if log["reason"] == reason]
    return sum(log.get("more", 1) for log in told)


async def test_a_flood_of_late_replies_is_a_line_a_second(
    layer: RedisChannelLayer,
) -> None:
    channel = Channel(layer)
    client = Client("test", {"echo": channel})
    service, _, _ = echo.make()
    with capture_logs() as logs:
        async with working(service, layer):
            await client.call(Echo(text="x"))
            late = encode(ReplyEnvelope(id="late", outcome="ok", body={}))
            (reply_to,) = channel._reply_channels.values()
            for _ in range(200):
                await layer.send(reply_to, late)
                await layer.send(reply_to, {"type": "reply"})
            await until(lambda: channel.late_replies == 200)
    await client.close()
    assert 1 <= len(lines(logs, "late reply dropped")) < 20
    assert 1 <= len(lines(logs, "reply dropped")) < 20


BROKEN: dict[str, dict[str, Any]] = {
    "headers": {"headers": {"flags": ["x"] * 1000}},
    "a time": {"queue_seconds": -1.0},
    "an outcome": {"outcome": "maybe"},
    "no body": {"body": None},
    "a request": {"type": "request"},
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_reply_ends_the_wait_for_it(
    layer: RedisChannelLayer, case: str
) -> None:
    client = Client("test", {"echo": Channel(layer)})
    call = asyncio.create_task(client.call(Echo(text="x"), timeout=60))
    async with asyncio.timeout(10):
        sent = await layer.receive("echo.request")
        reply = encode(ReplyEnvelope(id=sent["id"], outcome="ok", body={}))
        await layer.send(sent["reply_to"], {**reply, **BROKEN[case]})
        with pytest.raises(ContractBroken):
            await call
    await client.close()


@pytest.mark.parametrize("name", ["flags", "traceparent", "tracestate"])
@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "\0", "\x7f", "\x9b", "é", "x\n"])
def test_headers_are_printable(name: str, text: str) -> None:
    with pytest.raises(ContractBroken):
        read({name: [text] if name == "flags" else text}, Headers)
    made = Headers(traceparent=text, tracestate=text)
    assert (made.traceparent, made.tracestate) == ("", "")


def kept() -> int:
    """Return how many marked dicts are alive in this process."""
    gc.collect()
    return sum(type(o) is dict and "keep_me_not" in o for o in gc.get_objects())


async def test_a_message_is_not_kept_while_it_is_handled_nor_afterwards(
    layer: RedisChannelLayer,
) -> None:
    service, released, heard = echo.make()

    async def send(contract: str, **changes: Any) -> None:
        ballast = {"text": "x", "ballast": {"keep_me_not": []}}
        await layer.send("echo.request", message(contract, body=ballast, **changes))

    async with working(service, layer, slots=4) as worker:
        await send("Hold")
        await until(lambda: heard == ["hold"])
        assert kept() == 0, "while it is handled"
        released.set()
        await send("Echo")
        await until(lambda: "x" in heard)
        await send("Echo", version="?")
        await until(lambda: worker.dropped.total() == 1)
        await until(lambda: kept() == 0)
