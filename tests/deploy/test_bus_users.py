"""A stolen bus credential opens one service's channels; the layer needs no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
import redis
from channels.exceptions import ChannelFull
from django.conf import settings as configured

from common.channel_layer import RedisChannelLayer
from common.channel_layer.errors import BrokerRefused
from common.conf.backends import channel_layer
from common.contracts.topology import CALLS, SERVING
from common.ops import bus_check
from common.rpc.client import Client
from common.rpc.contract import Done, Request
from common.rpc.service import Service
from common.rpc.transports.channel import Channel
from tests.common.conftest import until, working
from tests.deploy.conftest import Bus


def ping(name: str) -> Request[Done]:
    """Return a request to a service that needs nothing of it."""

    class Ping(Request[Done], frozen=True, kw_only=True):
        service = name

    return Ping()


ASKS = {name: ping(name) for name in SERVING}
LEGITIMATE = [(caller, called) for caller in CALLS for called in CALLS[caller]]
FORBIDDEN = [
    (user, other)
    for user in CALLS
    for other in SERVING
    if other not in {*CALLS[user], user}
]


class Layers:
    """Channel layers on the bus, each logged in as its user."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._made: dict[str, RedisChannelLayer] = {}

    def __getitem__(self, user: str) -> RedisChannelLayer:
        if user not in self._made:
            settings = channel_layer(self._bus.url(user))["CONFIG"]
            self._made[user] = RedisChannelLayer(**settings | {"capacity": 3})
        return self._made[user]

    async def close(self) -> None:
        for layer in self._made.values():
            await layer.close_pools()


@pytest.fixture
async def layers(bus_with_users: Bus) -> AsyncIterator[Layers]:
    """Return a layer for each user, on an empty bus that has refused nothing yet."""
    with bus_with_users.client("admin") as admin:
        admin.flushall()
    bus_with_users.refused()
    layers = Layers(bus_with_users)
    yield layers
    await layers.close()


def done(request: Request[Done]) -> Done:
    return Done()


@pytest.fixture
async def workers(layers: Layers) -> AsyncIterator[None]:
    """Serve each service as its own user, which answers."""
    async with AsyncExitStack() as stack:
        for name in SERVING:
            service = Service(name)
            service.handles(type(ASKS[name]))(done)
            await stack.enter_async_context(working(service, layers[name]))
        yield


@pytest.mark.parametrize(("caller", "called"), LEGITIMATE)
async def test_whoever_may_call_gets_an_answer(
    caller: str, called: str, layers: Layers, workers: None, bus_with_users: Bus
) -> None:
    client = Client(caller, {called: Channel(layers[caller], caller)})
    try:
        answers = [await client.call(ASKS[called]) for _ in range(5)]
    finally:
        await client.close()
    assert answers == [Done()] * 5
    assert bus_with_users.refused() == []


@pytest.mark.parametrize("name", SERVING)
async def test_the_layer_gives_back_and_drops_under_these_rights(
    name: str, bus_with_users: Bus, layers: Layers
) -> None:
    channel = f"{name}.request"
    settings = channel_layer(bus_with_users.url(name))["CONFIG"]
    brief = RedisChannelLayer(**settings | {"expiry": 0.2})
    receiving = asyncio.create_task(brief.receive(channel))
    await layers["suite"].send(channel, {"number": 1})
    assert await receiving == {"number": 1}

    await layers["suite"].send(channel, {"number": 2})
    await asyncio.sleep(0.3)  # what expires takes its time
    impatient = asyncio.create_task(brief.receive(channel))
    await until(lambda: brief.counts["expired"] == 1)
    impatient.cancel()
    with suppress(asyncio.CancelledError):
        await impatient
    await brief.close_pools()  # ends the blocking pop from another connection

    assert bus_with_users.refused() == []
    for _ in range(3):
        await layers["suite"].send(channel, {})
    with pytest.raises(ChannelFull):
        await layers["suite"].send(channel, {})


@pytest.mark.parametrize("user", CALLS)
def test_a_user_is_ready_and_only_as_itself(user: str, bus_with_users: Bus) -> None:
    assert bus_check.problem_with(bus_with_users.url(user), user) is None
    other = "payments" if user != "payments" else "inventory"
    assert "refuses us" in str(bus_check.problem_with(bus_with_users.url(other), user))
    nobody = bus_with_users.url(user).replace(f"{user}:{user}@", "")
    assert "wants a user and a password" in str(bus_check.problem_with(nobody, user))


def test_a_bus_without_room_is_not_ready(bus_with_users: Bus) -> None:
    with bus_with_users.client("admin") as admin:
        admin.config_set("maxmemory", 1)
        try:
            problem = bus_check.problem_with(bus_with_users.url("orders"), "orders")
        finally:
            admin.config_set("maxmemory", 0)
    assert "maxmemory" in str(problem)


@pytest.mark.parametrize("without", ["blmpop", "lindex", "client|unblock"])
def test_a_broker_that_forbids_a_command_is_not_ready(
    without: str, bus_with_users: Bus
) -> None:
    with bus_with_users.client("admin") as admin:
        admin.execute_command("ACL", "SETUSER", "orders", f"-{without}")
        try:
            problem = bus_check.problem_with(bus_with_users.url("orders"), "orders")
        finally:
            admin.execute_command("ACL", "SETUSER", "orders", f"+{without}")
    assert f"refuses us {without.upper().replace('|', ' ')}: " in str(problem)


def test_a_broker_that_lacks_commands_is_not_ready_for_its_layer(
    monkeypatch: pytest.MonkeyPatch, bus_with_users: Bus
) -> None:
    older = (("BLMPOP2", 0.01, 1, "key", "LEFT"), ("TIME",), ("LPOP2", "key"))
    layer = configured.CHANNEL_LAYERS["default"]["BACKEND"]
    monkeypatch.setitem(bus_check.COMMANDS, layer, lambda key: older)
    problem = bus_check.problem_with(bus_with_users.url("orders"), "orders")
    assert "refuses us BLMPOP2, LPOP2: unknown command" in str(problem)


def test_a_process_looks_at_its_bus_over_one_connection(
    settings: Any, bus_with_users: Bus
) -> None:
    settings.SERVICE = "orders"
    settings.BUS_URL = bus_with_users.url("orders")
    with bus_with_users.client("admin") as admin:
        assert bus_check.problem_here() is None
        before = admin.info("stats")["total_connections_received"]
        assert [bus_check.problem_here() for _ in range(5)] == [None] * 5
        assert admin.info("stats")["total_connections_received"] == before


@pytest.mark.parametrize(("user", "other"), FORBIDDEN)
async def test_nobody_sends_to_whom_it_does_not_call(
    user: str, other: str, layers: Layers
) -> None:
    with pytest.raises(BrokerRefused, match=r"NOPERM|ACL"):
        await layers[user].send(f"{other}.request", {})


@pytest.mark.parametrize("user", CALLS)
async def test_nobody_reads_what_is_not_its_own(user: str, layers: Layers) -> None:
    for other in {*SERVING} - {user}:
        with pytest.raises(BrokerRefused, match="NOPERM"):
            await layers[user].receive(f"{other}.request")


@pytest.mark.parametrize("user", SERVING)
def test_a_reply_is_its_callers_alone_and_in_nobody_elses_name(
    user: str, bus_with_users: Bus
) -> None:
    with bus_with_users.client(user) as thief:
        for caller in {*CALLS} - {user}:
            mine = f"asgi:{{response.{caller}.{user}.0a1b!}}"
            thief.rpush(mine, "an honest answer")
            refuse(thief, "BLMPOP", 1, 1, mine, "LEFT")
            for other in {*SERVING} - {user}:
                theirs = f"asgi:{{response.{caller}.{other}.0a1b!}}"
                refuse(thief, "RPUSH", theirs, "forged")
                refuse(thief, "BLMPOP", 1, 1, theirs, "LEFT")


@pytest.mark.parametrize("user", CALLS)
def test_the_rest_of_the_bus_is_closed(user: str, bus_with_users: Bus) -> None:
    pop = "return redis.call('LPOP', KEYS[1])"
    other = "payments" if user != "payments" else "inventory"
    channel = f"asgi:{{{other}.request}}"
    with bus_with_users.client(user) as thief:
        for command in (
            ("KEYS", "*"),
            ("SCAN", 0),
            ("FLUSHALL",),
            ("CONFIG", "GET", "*"),
            ("ACL", "LIST"),
            ("MONITOR",),
            ("SHUTDOWN",),
            ("CLIENT", "LIST"),
            ("CLIENT", "KILL", "TYPE", "normal"),
            ("SCRIPT", "FLUSH"),
            ("FUNCTION", "LIST"),
            ("PUBLISH", "any", "thing"),
            ("SUBSCRIBE", "any"),
            ("SET", "any", "thing"),
            ("DEL", channel),
            ("LLEN", channel),
            ("EVAL", pop, 1, channel),
            ("EVAL", f"return redis.call('LPOP', '{channel}')", 0),
            ("EVAL", "return redis.call('FLUSHALL')", 0),
        ):
            refuse(thief, *command)


def test_who_has_not_logged_in_gets_nothing(bus_with_users: Bus) -> None:
    url = bus_with_users.url("orders").replace("orders:orders@", "")
    with redis.Redis.from_url(url) as nobody:
        refuse(nobody, "LPOP", "asgi:{orders.request}")
        refuse(nobody, "RPUSH", "asgi:{orders.request}", "forged")
        refuse(nobody, "ACL", "WHOAMI")
    guess = bus_with_users.url("orders").replace(":orders@", ":guess@")
    assert "invalid username-password" in str(bus_check.problem_with(guess))


def refuse(client: redis.Redis, *command: Any) -> None:
    """Insist that the bus refuses a command, on a connection that survives it."""
    why = r"NOPERM|ACL failure|permission|already authenticated"
    with pytest.raises((redis.ResponseError, redis.AuthenticationError), match=why):
        client.execute_command(*command)
