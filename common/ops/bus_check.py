"""Is the bus needed, is it there, and may we use it?"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    NoScriptError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

SECONDS = 1.0
"""For a connection or an answer, of which one more is asked: less than a look takes."""

Command = tuple[Any, ...]


def _of_our_layer(user: str) -> tuple[Command, ...]:
    """Return what `common.channel_layer` asks, in its scripts or by itself."""
    key, group = _key(user), f"asgi:group:{user}.ready"
    return (
        ("EVAL", "return 1", 1, key),
        ("EVALSHA", "0" * 40, 1, key),
        ("TIME",),
        ("RPUSH", key, ""),
        ("LPUSH", key, ""),
        ("LINDEX", key, 0),
        ("LTRIM", key, 0, 1),
        ("PEXPIRE", key, 10_000),
        ("LPOP", key),
        ("BLMPOP", 0.01, 1, key, "LEFT", "COUNT", 1),
        ("EVAL", "return 1", 1, group),
        ("ZADD", group, 0, ""),
        ("EXPIRE", group, 10),
        ("ZRANGE", group, 0, 0),
        ("ZREMRANGEBYSCORE", group, 1, 1),
        ("ZREM", group, ""),
        ("CLIENT", "ID"),
        ("CLIENT", "UNBLOCK", 0),
    )


def _of_the_stock_layer(user: str) -> tuple[Command, ...]:
    """Return what `channels_redis.core` asks."""
    key = _key(user)
    return (
        ("EVAL", "return 1", 1, key),
        ("ZADD", key, 0, ""),
        ("EXPIRE", key, 10),
        ("ZREMRANGEBYSCORE", key, 1, 1),
        ("ZCOUNT", key, 0, 0),
        ("ZREM", key, "x"),
        ("BZPOPMIN", key, 0.01),
        ("DEL", key),
    )


def _key(user: str) -> str:
    return f"asgi:{{response.{user}.ready!}}"


COMMANDS: dict[str, Callable[[str], tuple[Command, ...]]] = {
    "common.channel_layer.RedisChannelLayer": _of_our_layer,
    "channels_redis.core.RedisChannelLayer": _of_the_stock_layer,
}
"""What a channel layer asks of its broker for a user, at keys that it leaves empty."""


def is_needed() -> bool:
    """Tell whether any service is asked over the bus, from here or by others.

    One that lives here and is not `local:` even to us is asked by others, or by
    nobody. A whole monolith needs no bus.
    """
    here = (settings.SERVICES.get(name) for name in settings.LIVING_HERE)
    return any(way != "local:" for way in (*settings.SERVICES.values(), *here))


def problem_with(url: str, user: str | None = None) -> str | None:
    """Return why the server behind a bus URL cannot be used, or None if it can.

    Of a user it is seen whether it may ask everything that the channel layer asks, at a
    reply channel of its own: that takes its password, its rights, room on the server,
    and a server that knows the commands.
    """
    return _problem(lambda: _connected(url), user, keep=False)


def problem_here() -> str | None:
    """Return the same of this process's own bus, over a connection that is kept."""
    url, user = settings.BUS_URL, settings.SERVICE
    return _problem(lambda: _kept(url), user, keep=True)


def _connected(url: str) -> Redis:
    once_more = Retry(NoBackoff(), 1)  # a kept connection may be an old server's
    return Redis.from_url(
        url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=once_more
    )


_kept = cache(_connected)


def _problem(
    connected: Callable[[], Redis], user: str | None, *, keep: bool
) -> str | None:
    try:
        bus = connected()
        try:
            bus.ping()
            return _refused(bus, user) if user else None
        finally:
            if not keep:
                bus.close()
    except (AuthenticationError, ResponseError) as error:
        nobody = "already authenticated" in str(error)  # the answer to HELLO
        why = "it wants a user and a password" if nobody else error
        return f"the bus at BUS_URL refuses us: {why}"
    except (RedisError, OSError, ValueError) as error:
        return f"nothing answers at BUS_URL: {error}"


def _refused(bus: Redis, user: str) -> str | None:
    """Return which commands the channel layer needs and does not get, and why."""
    layer = settings.CHANNEL_LAYERS["default"]["BACKEND"]
    of_layer = COMMANDS.get(layer)
    commands = of_layer(user) if of_layer else ()
    with bus.pipeline(transaction=False) as asking:
        for command in commands:
            asking.execute_command(*command)  # type: ignore[no-untyped-call]
        answers = asking.execute(raise_on_error=False)
    errors = {
        " ".join(command[:2]) if command[0] == "CLIENT" else command[0]: answer
        for command, answer in zip(commands, answers, strict=True)
        if isinstance(answer, RedisError) and not isinstance(answer, NoScriptError)
    }
    if not errors:
        return None
    why = next(iter(errors.values()))
    return f"the bus at BUS_URL refuses us {', '.join(errors)}: {why}"
