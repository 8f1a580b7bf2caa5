"""Faults on purpose, at the given rates; the same seed makes the same ones."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from common.channel_layer.resilience import parse
from tests.common.channel_layer.conftest import Broker, Make, everything


async def send_all(layer: Any, count: int, channel: str = "work") -> None:
    for number in range(count):
        await layer.send(channel, {"type": "work", "number": number})


async def what_is_left(layer: Any, channel: str = "work") -> list[int]:
    got: list[int] = []
    while True:
        try:
            message = await asyncio.wait_for(layer.receive(channel), 0.5)
        except TimeoutError:
            return got
        got.append(message["number"])


def faults(pattern: str = "work", seed: int = 1, **rates: float) -> dict[str, Any]:
    return {"seed": seed, "channels": {pattern: rates}}


@pytest.mark.parametrize("fault", ["drop", "duplicate", "delay", "reorder"])
async def test_a_fault_happens_at_its_rate_and_is_counted(
    make: Make, fault: str
) -> None:
    layer = make(resilience=faults(**{fault: 0.1, "seconds": 0.2}))
    await send_all(layer, 500)
    got = await what_is_left(layer)
    hit = layer.counts[f"resilience_{fault}"]
    assert 25 < hit < 90, "ten per cent of 500"
    times = Counter(got)
    match fault:
        case "drop":
            assert len(got) == 500 - hit
            assert got == sorted(got)
        case "duplicate":
            assert sum(times.values()) == 500 + hit
            assert got == sorted(got)
        case _:
            assert sorted(got) == list(range(500))
            assert got != sorted(got)


async def test_the_same_seed_makes_the_same_choices(make: Make) -> None:
    async def survivors(seed: int) -> list[int]:
        layer = make(resilience=faults(seed=seed, drop=0.3))
        await send_all(layer, 100)
        return await what_is_left(layer)

    first = await survivors(1)
    assert first == await survivors(1)
    assert first != await survivors(2)


async def test_other_channels_are_left_alone(make: Make) -> None:
    layer = make(resilience=faults("*.request", drop=1.0))
    await send_all(layer, 10, "orders.request")
    await send_all(layer, 10, "orders.reply")
    assert await everything(layer, "orders.reply", 10) == list(range(10))
    assert await what_is_left(layer, "orders.request") == []
    assert layer.counts == {"resilience_drop": 10, "expired": 0}


async def test_a_reordered_message_comes_after_the_next(make: Make) -> None:
    layer = make(resilience=faults(reorder=1.0, seconds=0.2))
    await layer.send("work", {"type": "work", "number": 1})
    assert await everything(layer, "work", 1) == [1], "without a next one, a bit later"


async def test_groups_meet_faults_too(make: Make, broker: Broker) -> None:
    layer = make(resilience=faults(drop=1.0))
    await layer.group_add("group", "work")
    await layer.group_send("group", {"type": "work", "number": 1})
    with broker.client as client:
        assert client.llen("asgi:{work}") == 0


def test_it_can_be_written_as_text() -> None:
    assert parse("seed=7; *.request drop=0.02 delay=0.1; response.* duplicate=1") == {
        "seed": 7,
        "channels": {
            "*.request": {"drop": 0.02, "delay": 0.1},
            "response.*": {"duplicate": 1.0},
        },
    }


@pytest.mark.parametrize(
    "text", ["seed=x", "*.request", "* drip=0.1", "* drop=2", "* drop=0.6 delay=0.6",
             "* drop=-1", "* delay=0.1 seconds=0", "* drop"],
)  # fmt: skip
def test_text_that_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)
