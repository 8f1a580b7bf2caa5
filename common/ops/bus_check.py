"""Is the bus needed, is it there, and may we use it?"""

from django.conf import settings
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError


def is_needed() -> bool:
    """Tell whether any service is asked over the bus, from here or by others.

    One that lives here and is not `local:` even to us is asked by others, or by
    nobody. A whole monolith needs no bus.
    """
    here = (settings.SERVICES.get(name) for name in settings.LIVING_HERE)
    return any(way != "local:" for way in (*settings.SERVICES.values(), *here))


def problem_with(url: str, user: str | None = None) -> str | None:
    """Return why the server behind a bus URL cannot be used, or None if it can.

    Of a user it is seen whether it may write and read a reply channel of its own: that
    takes its password, its rights, and room on the server.
    """
    try:
        with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as bus:
            bus.ping()
            if user:
                _write_and_read(bus, f"asgi:{{response.{user}.readiness!}}")
    except (AuthenticationError, ResponseError) as error:
        nobody = "already authenticated" in str(error)  # the answer to HELLO
        why = "it wants a user and a password" if nobody else error
        return f"the bus at BUS_URL refuses us: {why}"
    except (RedisError, OSError, ValueError) as error:
        return f"nothing answers at BUS_URL: {error}"
    return None


def _write_and_read(bus: "Redis", key: str) -> None:
    with bus.pipeline(transaction=False) as commands:
        commands.rpush(key, b"")
        commands.pexpire(key, 10_000)
        commands.lpop(key)
        commands.execute()
