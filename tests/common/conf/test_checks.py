"""Each check of ours fires for what it warns of, and for nothing else."""

from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connections

from common.conf.backends import SQLITE_OPTIONS, channel_layer, postgresql_options

STOCK = "channels_redis.core.RedisChannelLayer"
HOST = {"address": "redis://bus.example:6379/0"}
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 0}
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "CONN_MAX_AGE": 0}


def found() -> set[str]:
    """Return what our checks say."""
    messages = run_checks(include_deployment_checks=True)
    ids = (str(message.id) for message in messages)
    return {id.removeprefix("cutpoints.") for id in ids if id.startswith("cutpoints.")}


def layer(backend: str, *hosts: Any) -> dict[str, Any]:
    """Return a setting of channel layers."""
    return {"default": {"BACKEND": backend, "CONFIG": {"hosts": list(hosts)}}}


def test_the_settings_as_they_are_pass() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("demo", "inventory", "expected"),
    [
        (True, "local:", set()),
        (True, "channel:", {"E001"}),
        (False, "local:", {"E001"}),
    ],
)
def test_a_layer_in_memory(
    settings: Any, demo: bool, inventory: str, expected: set[str]
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    }
    settings.SERVICES = {**settings.SERVICES, "inventory": inventory}
    settings.DEMO = demo
    settings.GATEWAY = "some.other.Gateway"
    assert found() == expected


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ([{**HOST, "socket_timeout": None}], set()),
        ([{**HOST, "socket_timeout": None}, HOST], {"E002"}),
        ([{**HOST, "socket_timeout": 30}], {"E002"}),
        (["redis://bus.example:6379/0"], {"E002"}),
        ([("bus.example", 6379)], {"E002"}),
        ([], {"E002"}),
    ],
)
def test_the_stock_layer_that_wakes_up_no_more(
    settings: Any, hosts: list[Any], expected: set[str]
) -> None:
    settings.CHANNEL_LAYERS = layer(STOCK, *hosts)
    assert found() == expected


def test_our_own_layer_keeps_its_own_time(settings: Any) -> None:
    settings.CHANNEL_LAYERS = layer("common.channel_layer.RedisChannelLayer", HOST)
    assert found() == set()
    settings.CHANNEL_LAYERS = {"default": channel_layer("redis://bus/0", STOCK)}
    assert found() == set(), "what CHANNEL_LAYER makes of it is right"


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ({**SQLITE, "OPTIONS": SQLITE_OPTIONS}, set()),
        ({**SQLITE, "OPTIONS": {}}, {"E003"}),
        (
            {**SQLITE, "OPTIONS": {**SQLITE_OPTIONS, "transaction_mode": "DEFERRED"}},
            {"E003"},
        ),
        (
            {
                **SQLITE,
                "OPTIONS": {
                    **SQLITE_OPTIONS,
                    "init_command": "PRAGMA synchronous=NORMAL;",
                },
            },
            {"E003"},
        ),
        ({**POSTGRESQL, "OPTIONS": postgresql_options("orders", 8, {})}, set()),
        ({**POSTGRESQL, "OPTIONS": {}}, set()),
        ({**POSTGRESQL, "OPTIONS": {}, "CONN_MAX_AGE": 60}, {"W005"}),
        ({**POSTGRESQL, "OPTIONS": {}, "CONN_MAX_AGE": None}, {"W005"}),
    ],
)
def test_a_database_that_may_lose_or_leak(
    monkeypatch: pytest.MonkeyPatch, database: dict[str, Any], expected: set[str]
) -> None:
    monkeypatch.setitem(connections.settings, "default", database)
    assert {id for id in found() if id in {"E003", "W005"}} == expected


@pytest.mark.parametrize(
    ("demo", "expected"), [(True, set()), (False, {"E004", "I006"})]
)
def test_debugging_and_the_demo_gateway_in_production(
    settings: Any, demo: bool, expected: set[str]
) -> None:
    settings.DEBUG, settings.DEMO = True, demo
    assert found() == expected
    settings.DEBUG = False
    settings.GATEWAY = "some.other.Gateway"
    assert found() == set()


@pytest.mark.parametrize(
    ("redirect", "header", "expected"),
    [
        (True, None, {"E007"}),
        (True, ("HTTP_X_FORWARDED_PROTO", "https"), set()),
        (False, None, set()),
    ],
)
def test_a_redirect_to_https_that_nobody_speaks(
    settings: Any, redirect: bool, header: object, expected: set[str]
) -> None:
    settings.SECURE_SSL_REDIRECT = redirect
    settings.SECURE_PROXY_SSL_HEADER = header
    assert found() == expected
