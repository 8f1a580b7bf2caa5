"""The worker when the bus dies, handlers are slow and more is asked than it can do."""

import asyncio
import time
from collections import Counter
from typing import Any, cast

import pytest
import structlog

from common.channel_layer import RedisChannelLayer
from common.conf.backends import channel_layer
from common.ops.event_loop import EventLoopWatch
from common.rpc.client import Client
from common.rpc.contract import Done
from common.rpc.errors import Busy, NoReply
from common.rpc.load_shedding import LatencyEstimate
from common.rpc.service import Service
from common.rpc.transports.channel import Channel
from common.rpc.worker import Worker
from tests.common.conftest import until, working
from tests.common.rpc import echo
from tests.common.rpc.echo import Echo, EchoAsync, Hold, Nap


async def test_a_second_worker_takes_its_share_at_once(
    bus_url: str, client: Client, layer: RedisChannelLayer
) -> None:
    """The first has taken no more than it has slots for."""
    first, released, heard_first = echo.make()
    second, released_too, heard_second = echo.make()
    own = RedisChannelLayer(**channel_layer(bus_url)["CONFIG"])
    async with working(first, layer, slots=2):
        calls = [asyncio.create_task(client.call(Hold())) for _ in range(6)]
        await until(lambda: len(heard_first) == 2)
        async with working(second, own, slots=4):
            await until(lambda: len(heard_second) == 4)
            assert len(heard_first) == 2
            released.set()
            released_too.set()
            await asyncio.gather(*calls)
    await own.close_pools()


async def test_a_worker_outlives_its_connections(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, _, _ = echo.make()
    async with working(service, layer, slots=4) as worker:
        assert (await client.call(EchoAsync(text="before"))).text == "before"
        await layer.connection(0).execute_command(
            "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"
        )

        async def answers() -> bool:
            try:
                return (await client.call(EchoAsync(text="after"), timeout=0.5)).text
            except (Busy, NoReply):
                return False

        await until(answers)
        assert worker.dropped["receive_failed"] <= 8, "each slot noticed, and waited"


async def test_a_layer_that_fails_at_once_is_asked_less_and_less_often() -> None:
    class Lost:
        async def receive(self, channel: str) -> dict[str, Any]:
            raise ConnectionError("nobody there")

    service, _, _ = echo.make()
    async with working(service, cast(Any, Lost()), slots=4) as worker:
        await until(lambda: worker.dropped["receive_failed"] >= 12)
        assert worker.dropped["receive_failed"] <= 16, "it does not pause"


async def test_a_stopped_worker_leaves_what_it_did_not_begin(
    bus_url: str, client: Client, layer: RedisChannelLayer
) -> None:
    """Stopping and starting workers again and again loses no request."""
    served = Counter[str]()

    async def work() -> None:
        service, _, heard = echo.make()
        own = RedisChannelLayer(**channel_layer(bus_url)["CONFIG"])
        async with working(service, own, slots=4):
            await asyncio.sleep(0.05)
        await own.close_pools()
        served.update(heard)

    async def send() -> None:
        for number in range(400):
            await client.notify(EchoAsync(text=str(number)))
            await asyncio.sleep(0.002)

    sending = asyncio.create_task(send())
    while not sending.done():
        await work()
    while len(served) < 400 and await layer.connection(0).llen("asgi:{echo.request}"):
        await work()
    assert served == Counter(str(number) for number in range(400))


async def test_a_slow_handler_is_reported_while_it_is_at_work(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, _, heard = echo.make()
    with structlog.testing.capture_logs() as logs:
        async with working(service, layer):
            with pytest.raises(NoReply):
                await client.call(Nap(seconds=1.2))
            await until(lambda: any("still at work" in line["event"] for line in logs))
            assert heard == []
    (line,) = (line for line in logs if "still at work" in line["event"])
    assert line["method"] == "Nap"


async def test_a_blocked_event_loop_is_reported_with_the_line_it_stands_at() -> None:
    with structlog.testing.capture_logs() as logs, EventLoopWatch(0.2) as watch:
        await asyncio.sleep(0.1)
        assert watch.stalls == 0
        time.sleep(0.6)  # noqa: ASYNC251 this is the stall
        await asyncio.sleep(0.1)
    assert watch.stalls == 1
    (line,) = (line for line in logs if line["event"] == "event loop blocked")
    assert "test_worker_under_stress.py" in line["where"]
    assert "time.sleep(0.6)" in line["code"]


def test_the_pace_covers_what_is_usual() -> None:
    pace = LatencyEstimate()
    assert pace.usual_seconds == 0, "nothing is hopeless before it was tried"
    for seconds in [0.1, 0.11, 0.09] * 20:
        pace.took(seconds)
    assert 0.11 < pace.usual_seconds < 0.2
    for _ in range(40):
        pace.took(0.01)
    assert pace.usual_seconds < 0.05, "it follows what was seen lately"


async def served_of(client: Client, calls: list[Nap]) -> tuple[int, int]:
    """Return how many calls were answered in time, and how many were refused."""
    results = await asyncio.gather(
        *(client.call(call) for call in calls), return_exceptions=True
    )
    unexpected = [r for r in results if not isinstance(r, Done | Busy | NoReply)]
    assert not unexpected, unexpected[:3]
    return (
        sum(isinstance(result, Done) for result in results),
        sum(isinstance(result, Busy) for result in results),
    )


async def test_what_cannot_be_done_in_time_is_not_begun(
    client: Client, layer: RedisChannelLayer
) -> None:
    """A queue that is too long is served from where there is hope."""
    service, _, done = echo.make()
    async with working(service, layer, slots=4) as worker:
        assert await served_of(client, [Nap(seconds=0.1)] * 4) == (4, 0)
        answered, _ = await served_of(client, [Nap(seconds=0.1)] * 60)
        await until(lambda: worker.dropped.total() + len(done) == 4 + 60)
    assert set(worker.dropped) <= {"shed", "expired"}
    wasted = len(done) - 4 - answered
    assert answered >= 16, "six rounds of four would fit, less what waits and scatters"
    assert wasted <= 4, "at most a round is worked on in vain"


async def test_a_handler_that_was_slow_once_gets_another_chance(
    client: Client, layer: RedisChannelLayer
) -> None:
    service, _, done = echo.make()
    async with working(service, layer, slots=4):
        assert await served_of(client, [Nap(seconds=1.5)] * 4) == (0, 0)
        await until(lambda: len(done) == 4)
        assert await served_of(client, [Nap(seconds=0.01)] * 4) == (4, 0)


async def test_a_producer_that_is_too_fast_is_told_at_once(
    client: Client, layer: RedisChannelLayer
) -> None:
    client._transports["echo"].layer.capacity = 10  # type: ignore[attr-defined]
    service, _, _ = echo.make()
    async with working(service, layer, slots=1):
        begun = time.monotonic()
        answered, refused = await served_of(client, [Nap(seconds=0.05)] * 200)
    assert answered >= 4
    assert refused >= 180
    assert time.monotonic() - begun < 5


async def test_the_bus_out_of_reach_is_busy_and_a_message_too_large_a_bug(
    layer: RedisChannelLayer,
) -> None:
    from common.rpc.errors import ContractBroken

    nowhere = RedisChannelLayer(hosts=["redis://127.0.0.1:1"])
    client = Client("test", {"echo": Channel(nowhere)})
    with pytest.raises(Busy, match="out of reach"):
        await client.call(Echo(text="hello"))
    await client.close()
    layer.max_message_size = 100
    client = Client("test", {"echo": Channel(layer)})
    with pytest.raises(ContractBroken, match="at most 100"):
        await client.call(Echo(text="hello"))
    await client.close()


async def test_a_worker_with_nothing_to_do_is_refused(
    layer: RedisChannelLayer,
) -> None:
    service, _, _ = echo.make()
    with pytest.raises(ValueError, match="echo has nothing to listen to, and no jobs"):
        Worker(service, None)
    with pytest.raises(ValueError, match="nobody has nothing to listen to"):
        Worker(Service("nobody"), layer)
