"""Of a message that cannot be read nothing is told: it may hold a card's token."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest
from channels_redis.core import RedisChannelLayer as StockLayer
from structlog.testing import capture_logs

from common import clock
from common.channel_layer import RedisChannelLayer
from common.conf.backends import channel_layer
from common.contracts.money import Money
from common.contracts.payments import CardDeclined, ChargeCard, RefundCharge
from common.rpc.client import Client
from common.rpc.contract import read
from common.rpc.envelope import ReplyEnvelope, encode, open_reply
from common.rpc.errors import ContractBroken, ServiceError
from common.rpc.transports.channel import Channel
from tests.common.conftest import until, working
from tests.common.rpc import echo
from tests.common.rpc.echo import Echo
from tests.common.rpc.test_worker import message

STOCK = "channels_redis.core.RedisChannelLayer"

TOKEN = f"card_{uuid.uuid4().hex}"
LONG = f"{TOKEN} " * 5_000
PACKED: bytes = msgpack.packb({"card_token": TOKEN})

MESSAGES: dict[str, dict[str, Any]] = {
    "an unknown method": message(method=TOKEN),
    "a long unknown method": message(method=LONG),
    "a body for nobody": message("Nonsense", body={"card_token": TOKEN}),
    "a type": message(type=TOKEN),
    "an ill-typed version": message(version=TOKEN),
    "a version": message(version=TOKEN),
    "a field's name": message(body={TOKEN: 1, "text": 1}),
    "a field that is too long": message(body={"text": LONG}),
    "a reply channel": message(reply_to=TOKEN),
    "a long reply channel": message(reply_to=f"{LONG}!x"),
    "headers": message(headers={"correlation_id": f"{TOKEN}\n"}),
    "a caller": message(headers={"caller": TOKEN * 9}),
    "an id": message(id=LONG),
    "nothing of ours": {"card_token": LONG},
}


def shown(what: object) -> bool:
    return TOKEN in repr(what) or TOKEN[5:] in repr(what)


@pytest.mark.parametrize("case", MESSAGES)
async def test_a_worker_tells_nothing_of_what_it_cannot_read(
    layer: RedisChannelLayer, case: str
) -> None:
    service, _, heard = echo.make()
    reply_to = await layer.new_channel("response")
    with capture_logs() as logs:
        async with working(service, layer) as worker:
            await layer.send("echo.request", {"reply_to": reply_to, **MESSAGES[case]})
            await until(lambda: sum(worker.dropped.values()) == 1)
            await layer.send("echo.request", message(id="last", reply_to=reply_to))
            answers = [await layer.receive(reply_to)]
            if answers[0]["id"] != "last":
                answers.append(await layer.receive(reply_to))
    assert heard == ["hello"]
    assert not shown(answers)
    assert not shown(logs)
    assert any(log["event"] == "message dropped" and log["detail"] for log in logs)
    assert max(len(str(value)) for log in logs for value in log.values()) < 300


GARBAGE = {
    "more than one message": PACKED * 2,
    "no message": msgpack.packb(TOKEN),
    "half a message": PACKED[:-1],
    "text in no encoding": b"\xa5\xff\xff\xff\xff\xff" + TOKEN.encode(),
}


@pytest.mark.parametrize("case", GARBAGE)
async def test_a_worker_tells_nothing_of_bytes_that_are_no_message(
    layer: RedisChannelLayer, case: str
) -> None:
    service, _, _ = echo.make()
    raw = b"1764000000000\n" + b"\0" * 12 + GARBAGE[case]
    with capture_logs() as logs:
        async with working(service, layer) as worker:
            # without a stamp that is old, so that it is not dropped for its age
            await layer.connection(0).rpush("asgi:{echo.request}", b"x" * 13 + raw[13:])
            await until(lambda: worker.dropped == {"unreadable": 1})
    assert not shown(logs)
    (dropped,) = [log for log in logs if log["event"] == "message dropped"]
    assert "bytes" in dropped["detail"] or "not a dict" in dropped["detail"]


async def test_with_the_stock_layer_it_tells_nothing_either(bus_url: str) -> None:
    stock = StockLayer(**channel_layer(bus_url, STOCK)["CONFIG"])
    service, _, _ = echo.make()
    with capture_logs() as logs:
        async with working(service, stock) as worker:
            server = stock.connection(0)
            for raw in GARBAGE.values():
                await server.zadd(f"asgi{'echo.request'}", {b"\0" * 12 + raw: 9e12})
            await until(lambda: worker.dropped.total() == len(GARBAGE))
    await stock.close_pools()
    assert not shown([{**log, "exc_info": str(log.get("exc_info"))} for log in logs])


@asynccontextmanager
async def answered(
    layer: RedisChannelLayer, reply: Callable[[dict[str, Any]], dict[str, Any]]
) -> AsyncIterator[list[Any]]:
    """Have a forger answer one call, and return what was logged meanwhile."""
    client = Client("test", {"payments": Channel(layer)})
    errors: list[Any] = []
    call = asyncio.create_task(
        client.call(RefundCharge(order_id=uuid.uuid4()), timeout=1)
    )
    sent = await layer.receive("payments.request")
    await layer.send(sent["reply_to"], reply(sent))
    with pytest.raises(ServiceError) as caught:
        await call
    errors.append(caught.value)
    yield errors
    await client.close()


def forged(sent: dict[str, Any], **fields: Any) -> dict[str, Any]:
    envelope = ReplyEnvelope(id=sent["id"], outcome="ok", body={})
    return {**encode(envelope), **fields}


REPLIES: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "another type": ({"type": TOKEN}, ContractBroken),
    "an outcome": ({"outcome": TOKEN}, ContractBroken),
    "a time": ({"queue_seconds": TOKEN}, ContractBroken),
    "a refusal": (
        {"outcome": "refused", "body": {"refusal": TOKEN, "fields": {}}},
        ContractBroken,
    ),
    "a long refusal": (
        {"outcome": "refused", "body": {"refusal": LONG, "fields": {}}},
        ContractBroken,
    ),
    "a detail": (
        {"outcome": "error", "body": {"error": "Crashed", "detail": [TOKEN]}},
        ContractBroken,
    ),
    "a long detail": (
        {"outcome": "error", "body": {"error": "Crashed", "detail": LONG}},
        ContractBroken,
    ),
}


@pytest.mark.parametrize("case", REPLIES)
async def test_a_caller_tells_nothing_of_a_reply_that_it_cannot_read(
    layer: RedisChannelLayer, case: str
) -> None:
    fields, kind = REPLIES[case]
    with capture_logs() as logs:
        async with answered(layer, lambda sent: forged(sent, **fields)) as errors:
            pass
    assert type(errors[0]) is kind
    assert not shown(errors)
    assert not shown(logs)


async def test_what_a_service_says_of_its_error_is_believed_to_a_length(
    layer: RedisChannelLayer,
) -> None:
    body = {"error": "Crashed", "detail": "OperationalError " * 110}
    fields = {"outcome": "error", "body": body}
    async with answered(layer, lambda sent: forged(sent, **fields)) as errors:
        pass
    assert str(errors[0]) == ("OperationalError " * 12)[:200]


CARD = "card_AbCdEfGhIjKlMnOpQrStUvWx"
SECRETS = {
    "the token": CARD,
    "in other letters": CARD.upper(),
    "among words": f"x {CARD} y",
    "inside of a word": f"token={CARD};",
    "another card's": "card_ZyXwVuTsRqPoNmLkJiHgFeDc",
    "a token with digits": "card_1a2b",
    "a line of its own": "OperationalError\n2026-01-01 [error] FAKE",
    "an escape": "\x1b[2J",
    "NUL's cousins": "\x01\x85\u2028\u202e",
}


@pytest.mark.parametrize("error", ["Crashed", "ContractBroken", "InventedLater"])
@pytest.mark.parametrize("case", SECRETS)
def test_of_an_errors_detail_only_plain_words_are_believed(
    case: str, error: str
) -> None:
    request = ChargeCard(
        order_id=uuid.uuid4(),
        total=Money(amount=1, currency="EUR"),
        card_token=CARD,
        deadline=clock.after(60),
    )
    body = {"error": error, "detail": f"Oh: {SECRETS[case]} no"}
    with pytest.raises(ServiceError) as caught:
        open_reply(request, ReplyEnvelope(id="1", outcome="error", body=body))
    text = str(caught.value)
    assert text.startswith("Oh:")
    assert text.endswith("no")
    assert text.isprintable()
    for secret in (CARD, CARD[5:], "ZyXw", "1a2b", "2026", "\x1b"):
        assert secret.lower() not in text.lower()


def test_a_refusals_name_is_no_way_out_for_a_token() -> None:
    request = ChargeCard(
        order_id=uuid.uuid4(),
        total=Money(amount=1, currency="EUR"),
        card_token="Secret",
        deadline=clock.after(60),
    )
    body = {"refusal": "Secret", "fields": {}}
    with pytest.raises(ContractBroken) as caught:
        open_reply(request, ReplyEnvelope(id="1", outcome="refused", body=body))
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("message", ["\x1b[2J", "a\nb", "\u202e", "\x9b1m", "\u2028"])
def test_a_bank_speaks_in_printable_text(message: str) -> None:
    with pytest.raises(ContractBroken):
        read({"code": "declined", "message": message}, CardDeclined)
    with pytest.raises(ContractBroken):
        read({"code": message, "message": "No."}, CardDeclined)
    assert read({"code": "declined", "message": "Größe: nein – €"}, CardDeclined)


async def test_a_field_of_ours_that_is_wrong_is_named_and_not_shown(
    client: Client,
) -> None:
    with pytest.raises(ContractBroken, match=r"\$\.text") as caught:
        await client.call(Echo(text=LONG))
    assert not shown(caught.value)
