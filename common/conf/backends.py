"""How the databases and the bus are connected to."""

from typing import Any

from common import brand

PRIVATE_SQLITE = "common.conf.sqlite3"
PREPARED = {"server_side_binding": True, "prepare_threshold": 5}
"""A statement that comes again is prepared; no pooler may be in between then."""
RESTED_POSTGRESQL = "common.conf.postgresql"
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
"""Writers queue instead of failing half-way; a commit survives a power cut."""


def statement_limits(statement_seconds: float) -> dict[str, int]:
    """Return how many milliseconds a statement or a lock may take; 0: for ever.

    Nothing here waits for a person: a transaction that does nothing is a bug.
    """
    limits = {
        "statement_timeout": statement_seconds,
        "lock_timeout": statement_seconds * 0.6,
        "idle_in_transaction_session_timeout": 30,
    }
    return {name: round(seconds * 1000) for name, seconds in limits.items()}


def postgresql_options(
    service: str, connections: int, limits: dict[str, int]
) -> dict[str, Any]:
    """Return a pool's limits, and those of statements if they are to be sent."""
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return {
        "pool": {
            "min_size": 1,
            "max_size": connections,
            "timeout": 5,
            "reconnect_timeout": 5,  # then anew, not ever more seldom
        },
        "connect_timeout": 5,
        "keepalives_idle": 10,  # a host that is gone does not say so
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        "application_name": f"{brand.NAME} {service}",
        **({"options": options} if options else {}),
    }


LONGEST = 256 * 2**10
"""Bytes of a message. The longest honest one, 100 products with long names, has 70,000.

As objects a message has up to 72 times its bytes, so no message costs over 20 MB.
"""
OUR_CHANNEL_LAYER = "common.channel_layer.RedisChannelLayer"


def channel_layer(url: str, backend: str = OUR_CHANNEL_LAYER) -> dict[str, Any]:
    """Return the setting of the channel layer on a Valkey or Redis server.

    The stock layer's `receive` blocks for longer than redis-py 8 waits by default, so
    the socket's timeout is off; ours keeps its own time, and knows a longest message.
    """
    config = {
        "hosts": [{"address": url, "socket_timeout": None}],
        "capacity": 1000,
        "expiry": 60,
    }
    if backend == OUR_CHANNEL_LAYER:
        config |= {"max_message_size": LONGEST, "max_receive_size": LONGEST}
    return {"BACKEND": backend, "CONFIG": config}


def caches(url: str, service: str) -> dict[str, Any]:
    """Return the setting of Django's caches, which hold nothing but throttles' counts.

    They are on the bus's server, under names that no other service may use. The short
    timeouts are what a request waits at most when the server is away.
    """
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        },
        "throttles": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": [url],  # a list: a text would be split at its commas
            "KEY_PREFIX": f"throttle:{service}",
            "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
        },
    }
