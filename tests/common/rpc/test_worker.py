"""The worker answers everything, survives everything and loses nothing it can keep."""

import asyncio
import time
import uuid
from typing import Any

import pytest

from common.channel_layer import RedisChannelLayer
from common.conf.backends import channel_layer
from common.context import Headers, current_headers, headers
from common.contracts.payments import RefundCharge
from common.rpc.client import Client
from common.rpc.envelope import ReplyEnvelope, RequestEnvelope, encode
from common.rpc.errors import Busy, ContractBroken, Crashed, NoReply
from common.rpc.transports.channel import Channel
from tests.common.conftest import until, working
from tests.common.rpc import echo
from tests.common.rpc.echo import Echo, EchoAsync, Hold, Misbehave


def message(contract: str = "Echo", /, **changes: Any) -> dict[str, Any]:
    """Return a good raw request, with some fields changed or, with `...`, left out."""
    envelope = RequestEnvelope(
        id=uuid.uuid4().hex,
        method=contract,
        version=1,
        sent_at=time.time(),
        deadline=time.time() + 10,
        headers=Headers(),
        body={"text": "hello"} if contract.startswith("Echo") else {},
    )
    changed = {**encode(envelope), **changes}
    return {name: value for name, value in changed.items() if value is not ...}


async def answer(layer: RedisChannelLayer, sent: dict[str, Any]) -> dict[str, Any]:
    """Send a raw message with a return address and return the raw answer."""
    channel = await layer.new_channel("response")
    await layer.send("echo.request", {**sent, "reply_to": channel})
    async with asyncio.timeout(10):
        received: dict[str, Any] = await layer.receive(channel)
    return received


async def test_plain_handlers_run_in_the_pool_and_async_ones_on_the_loop(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, _, _ = echo.make()
    async with working(service, layer):
        plain = await client.call(Echo(text="hi"))
        on_loop = await client.call(EchoAsync(text="hi"))

    assert plain.text == on_loop.text == "hi"
    assert plain.thread.startswith("db")
    assert on_loop.thread == "MainThread"


async def test_headers_travel_with_the_call(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, _, _ = echo.make()
    seen: list[Headers] = []
    service.handlers[Echo] = lambda request: (
        seen.append(current_headers()),
        echo.Echoed(text="", thread=""),
    )[1]
    carried = Headers(correlation_id="c-1234567", flags=("x",), traceparent="00-a-b-01")
    async with working(service, layer):
        with headers(carried):
            await client.call(Echo(text="hi"), attempt=3)

    (arrived,) = seen
    assert arrived.correlation_id == "c-1234567"
    assert arrived.flags == ("x",)
    assert arrived.traceparent == "00-a-b-01"
    assert (arrived.caller, arrived.attempt) == ("test", 3)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("crash", Crashed),
        ("undeclared", ContractBroken),
        ("third party", NoReply),
        ("wrong reply", ContractBroken),
    ],
)
async def test_whatever_a_handler_does_the_caller_gets_an_answer(
    client: Client, layer: RedisChannelLayer, how: str, error: type[Exception]
) -> None:
    service, _, _ = echo.make()
    async with working(service, layer):
        with pytest.raises(error) as caught:
            await client.call(Misbehave(how=how), timeout=8)
        assert caught.type is error
        assert "within" not in str(caught.value), "answered, not timed out"
        assert (await client.call(Echo(text="still here"))).text == "still here"


BAD_MESSAGES = {
    "no type": ({"type": ...}, "bad_envelope"),
    "no method": ({"method": ...}, "bad_envelope"),
    "no headers": ({"headers": ...}, "bad_envelope"),
    "type is null": ({"type": None}, "bad_envelope"),
    "another type": ({"type": "http.request"}, "bad_envelope"),
    "ill-typed version": ({"version": "1"}, "bad_envelope"),
    "ill-typed deadline": ({"deadline": "soon"}, "bad_envelope"),
    "ill-typed headers": ({"headers": [1]}, "bad_envelope"),
    "missing field": ({"body": {}}, "bad_body"),
    "ill-typed field": ({"body": {"text": 7}}, "bad_body"),
    "too long a field": ({"body": {"text": "x" * 101}}, "bad_body"),
    "body is no dict": ({"body": "text"}, "bad_envelope"),
}


NEWER = {
    "unknown method": ({"method": "Nonsense"}, "unknown_method"),
    "a method of another service": ({"method": "ChargeCard"}, "unknown_method"),
    "unknown version": ({"version": 2}, "unknown_version"),
}


@pytest.mark.parametrize("case", [*BAD_MESSAGES, *NEWER])
async def test_a_bad_message_is_answered_and_counted(
    layer: RedisChannelLayer, case: str
) -> None:
    changes, reason = {**BAD_MESSAGES, **NEWER}[case]
    service, _, heard = echo.make()
    async with working(service, layer) as worker:
        raw = await answer(layer, message(**changes))
        assert raw["outcome"] == "error"
        told = "NotServed" if case in NEWER else "ContractBroken"
        assert raw["body"]["error"] == told
        assert raw["body"]["detail"]
        assert worker.dropped == {reason: 1}
        assert (await answer(layer, message()))["outcome"] == "ok"
    assert heard == ["hello"]


@pytest.mark.parametrize(
    "reply_to",
    ["orders.request", "response.x", "asgi:group!", "a!b!c", 7, "x" * 99 + "!y"],
)
async def test_a_reply_goes_to_reply_channels_only(
    layer: RedisChannelLayer, reply_to: Any
) -> None:
    service, _, heard = echo.make()
    async with working(service, layer) as worker:
        await layer.send("echo.request", message(reply_to=reply_to))
        await until(lambda: sum(worker.dropped.values()) == 1)
        assert set(worker.dropped) <= {"bad_reply_to", "bad_envelope"}
        assert (await answer(layer, message()))["outcome"] == "ok"
    assert heard == ["hello"], "nothing is done for a request that cannot be answered"


async def test_a_message_without_any_sense_is_dropped_and_counted(
    layer: RedisChannelLayer,
) -> None:
    service, _, _ = echo.make()
    async with working(service, layer) as worker:
        await layer.send("echo.request", {})
        await layer.send("echo.request", {"type": "request", "body": {"a": [1, 2]}})
        await until(lambda: worker.dropped == {"bad_envelope": 2})
        assert (await answer(layer, message()))["outcome"] == "ok"


async def test_bytes_that_are_no_message_do_not_stop_the_worker(
    layer: RedisChannelLayer,
) -> None:
    service, _, _ = echo.make()
    async with working(service, layer) as worker:
        await layer.connection(0).rpush("asgi:{echo.request}", b"\xc1garbage" * 9)
        await until(lambda: worker.dropped == {"unreadable": 1})
        assert (await answer(layer, message()))["outcome"] == "ok"


async def test_an_expired_request_is_dropped_before_any_work_but_an_undo_is_not(
    layer: RedisChannelLayer,
) -> None:
    service, _, heard = echo.make()
    past = time.time() - 1
    async with working(service, layer) as worker:
        await layer.send("echo.request", message(deadline=past))
        late_compensation = await answer(layer, message("Compensate", deadline=past))
        assert late_compensation["outcome"] == "ok"
        await until(lambda: worker.dropped == {"expired": 1})
    assert heard == ["compensate"]


async def test_a_message_is_taken_only_when_a_slot_is_free(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, released, heard = echo.make()
    async with working(service, layer, slots=2):
        calls = [asyncio.create_task(client.call(Hold())) for _ in range(5)]
        await until(lambda: len(heard) == 2)
        waiting = await layer.connection(0).llen("asgi:{echo.request}")
        assert waiting == 3, "the rest waits in the channel, not in the process"
        assert len(heard) == 2
        released.set()
        await asyncio.gather(*calls)
    assert len(heard) == 5


async def test_a_full_channel_pushes_back_as_busy(
    client: Client, layer: RedisChannelLayer
) -> None:
    for transport in client._transports.values():
        transport.layer.capacity = 3  # type: ignore[attr-defined]
    for _ in range(3):
        await client.notify(Echo(text="waits"))
    with pytest.raises(Busy, match="echo is full"):
        await client.call(Echo(text="one too many"))


async def test_stopping_finishes_what_was_begun(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, released, heard = echo.make()
    async with working(service, layer) as worker:
        call = asyncio.create_task(client.call(Hold()))
        await until(lambda: heard == ["hold"])
        worker.stop()
        await client.notify(Echo(text="for the next worker"))
        released.set()
        await call
    assert heard == ["hold"]


async def test_what_takes_longer_than_the_grace_is_given_up(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, _, heard = echo.make()
    async with working(service, layer, grace=0.1):
        call = asyncio.create_task(client.call(Hold(), timeout=1))
        await until(lambda: heard == ["hold"])
    with pytest.raises(NoReply):
        await call


async def test_no_reply_in_time_says_so_and_a_late_one_is_dropped(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, released, _heard = echo.make()
    channel = client._transports["echo"]
    async with working(service, layer):
        with pytest.raises(NoReply, match=r"echo\.Hold within 0\.3 s"):
            await client.call(Hold(), timeout=0.3)
        assert channel._waiting == {}, "nothing is kept for a caller that is gone"  # type: ignore[attr-defined]
        released.set()
        await until(lambda: channel.late_replies == 1)  # type: ignore[attr-defined]
        assert (await client.call(Echo(text="next"))).text == "next"


async def test_a_reply_in_another_services_name_is_dropped(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, _, _ = echo.make()
    channel = client._transports["echo"]
    both = Client("test", {"echo": channel, "payments": channel})
    async with working(service, layer):
        await both.call(Echo(text="hello"))
        refund = asyncio.create_task(
            both.call(RefundCharge(order_id=uuid.uuid4()), timeout=0.5)
        )
        sent = await layer.receive("payments.request")
        forged = ReplyEnvelope(id=sent["id"], outcome="ok", body={})
        echos = channel._reply_channels["echo"]  # type: ignore[attr-defined]
        await layer.send(echos, encode(forged))
        with pytest.raises(NoReply):
            await refund
    assert channel.late_replies == 1  # type: ignore[attr-defined]


async def test_every_reply_reaches_its_own_caller(
    bus_url: str, client: Client, layer: RedisChannelLayer
) -> None:
    service, _, heard = echo.make()
    other_layer = RedisChannelLayer(**channel_layer(bus_url)["CONFIG"])
    other = Client("other", {"echo": Channel(other_layer)})
    texts = [f"{name} {number}" for name in "ab" for number in range(100)]
    async with working(service, layer):
        replies = await asyncio.gather(
            *(
                (client if text.startswith("a") else other).call(Echo(text=text))
                for text in texts
            )
        )
    await other.close()
    await other_layer.close_pools()
    assert [reply.text for reply in replies] == texts
    assert sorted(heard) == sorted(texts)


async def test_a_sender_checks_its_own_request(client: Client) -> None:
    with pytest.raises(ContractBroken, match=r"Echo: .*text"):
        await client.call(Echo(text="x" * 101))


async def test_jobs_go_on_after_a_failure_and_stop_with_the_worker() -> None:
    service, _, _ = echo.make()
    runs: list[int] = []

    @service.every(seconds=0.01)
    async def job() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise ZeroDivisionError

    async with working(service, None):
        await until(lambda: len(runs) >= 3)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing runs on"
