"""Checks of our own: settings that work until the day on which they lose something.

Errors keep `serve` and `work` from starting; `check --deploy` shows the rest, too.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.checks import Tags as Tag
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from common import brand
from common.conf.backends import OUR_CHANNEL_LAYER
from common.conf.base import NEEDED

IN_MEMORY = "channels.layers.InMemoryChannelLayer"


def register_all() -> None:
    """Let Django run the checks of this module."""
    for check in (channel_layers, databases, debugging, tls):
        register(check, Tag.security)
    register(statements_end, Tag.database)


def require_settings() -> None:
    """Raise ImproperlyConfigured if a project lacks settings that `common` reads."""
    if missing := [name for name in sorted(NEEDED) if not hasattr(settings, name)]:
        raise ImproperlyConfigured(
            f"missing settings: {', '.join(missing)}. Take them from "
            "common.conf.base.settings(…); docs/settings.md says what each is for"
        )


def channel_layers(**_: Any) -> Iterator[CheckMessage]:
    """Check that processes can meet on the layer, and that it stays awake."""
    for name, layer in settings.CHANNEL_LAYERS.items():
        backend = layer.get("BACKEND", "")
        if backend == IN_MEMORY and _leaves_the_process():
            yield Error(
                f"the channel layer {name!r} is within one process",
                hint=f"use {OUR_CHANNEL_LAYER} on a Valkey server",
                id=f"{brand.NAME}.E001",
            )
        if backend.startswith("channels_redis.") and _stops_when_idle(layer):
            yield Error(
                f"the channel layer {name!r} stops receiving when it is quiet for 5 s",
                hint='give each of its hosts "socket_timeout": None, as a dict',
                id=f"{brand.NAME}.E002",
            )


def databases(**_: Any) -> Iterator[CheckMessage]:
    """Check that a committed transaction survives, and that connections come back."""
    for alias, database in connections.settings.items():
        options = database.get("OPTIONS", {})
        vendor = database["ENGINE"].rpartition(".")[2]
        if vendor == "sqlite3" and not _is_durable(options):
            yield Error(
                f"the SQLite database {alias!r} may lose what it has committed",
                hint='set "transaction_mode": "IMMEDIATE" and synchronous=FULL',
                id=f"{brand.NAME}.E003",
            )
        pooled = vendor != "postgresql" or "pool" in options
        if not pooled and database["CONN_MAX_AGE"] != 0:
            yield Warning(
                f"the database {alias!r} keeps a connection for every thread",
                hint="use a pool, or CONN_MAX_AGE = 0",
                id=f"{brand.NAME}.W005",
            )


def statements_end(databases: Iterable[str] | None = None, **_: Any) -> Iterator[Any]:
    """Check that PostgreSQL ends statements that hang; PgBouncer lets us ask for none.

    Part of `migrate` and of `check --database default`.
    """
    for alias in databases or ():
        connection = connections[alias]
        options = connection.settings_dict["OPTIONS"]
        if connection.vendor != "postgresql" or "options" in options:
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            unlimited = cursor.fetchone() == ("0",)
        if unlimited:
            yield Warning(
                f"a statement on the database {alias!r} may take for ever",
                hint="ALTER ROLE … SET statement_timeout = '5s', see docs/deploy.md",
                id=f"{brand.NAME}.W008",
            )


def debugging(**_: Any) -> Iterator[CheckMessage]:
    """Check that nobody is shown settings and variables in production."""
    if settings.DEBUG and not settings.DEMO:
        yield Error("DEBUG is on in production mode", id=f"{brand.NAME}.E004")


def tls(**_: Any) -> Iterator[CheckMessage]:
    """Check that a request can arrive over TLS: this server itself speaks none."""
    if settings.SECURE_SSL_REDIRECT and not settings.SECURE_PROXY_SSL_HEADER:
        yield Error(
            "every request is redirected to https, and nobody here speaks it",
            hint="put a proxy that ends TLS in front, and set TLS_PROXY=true",
            id=f"{brand.NAME}.E007",
        )


def _leaves_the_process() -> bool:
    return not settings.DEMO or "channel:" in settings.SERVICES.values()


def _stops_when_idle(layer: dict[str, Any]) -> bool:
    """Tell whether redis-py 8 ends a blocking pop after its default of 5 s."""
    hosts = (layer.get("CONFIG") or {}).get("hosts") or ["localhost"]
    return not all(
        isinstance(host, dict) and host.get("socket_timeout", 5) is None
        for host in hosts
    )


def _is_durable(options: dict[str, Any]) -> bool:
    commands = (options.get("init_command") or "").upper().replace(" ", "")
    synchronous = re.findall(r"SYNCHRONOUS=(\w+)", commands)
    begins = options.get("transaction_mode")
    return (
        begins in {"IMMEDIATE", "EXCLUSIVE"}
        and synchronous != []
        and synchronous[-1] in {"FULL", "2", "EXTRA", "3"}
    )
