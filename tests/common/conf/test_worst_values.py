"""The worst values that somebody would really type: each is refused by its name."""

from pathlib import Path
from typing import Any

import pytest

from common.conf.config import Config
from common.conf.embedded import embedded_bus_url, socket_path
from tests.common.conf.test_config import start

POSTGRES = "postgres://me:pw@db/orders"
WORST = {
    "MODE": ["Production", "prod", "demo,production", "true", "1"],
    "RUN_DIR": ["~/run", "~", "~me/run"],
    "BUS_URL": [
        "localhost:6379",
        "redis://bus:6379/zero",
        "redis://bus:port/0",
        "redis://:p/ss@bus/0",
        "redis://bus/0?socket_timeout=5",
        "redis://bus:99999/0",
        '"redis://bus/0"',
        "unix://",
    ],
    "CHANNEL_LAYER": [
        "common.channel_layer.RedisChannelLayr",
        "channels_redis.core",
        "channels_redis.cor.RedisChannelLayer",
        "RedisChannelLayer",
        "common.channel_layer:RedisChannelLayer",
    ],
    "BUS_RESILIENCE": ["drop", "* drop=2", "* drop=-1", "* dorp=0.1", "* drop=often"],
    "ORDERS_DATABASE_URL": [
        f"{POSTGRES}?conn_max_age=600",
        f"{POSTGRES}?atomic_requests=true",
        f"{POSTGRES}?ssl=true",
        f"{POSTGRES}?options=-c%20statement_timeout=0",
        f"{POSTGRES}?keepalives_idle=600",
        "postgres://me:p/ss@db/orders",
        "postgres://db",
        "mysql://me@db/orders",
        "sqlite://orders.sqlite3",
        "sqlite://",
        "sqlite:////no/such/folder/orders.sqlite3",
        "sqlite:////tmp/orders.sqlite3?timeout=5",
        "orders.sqlite3",
    ],
    "ORDERS_SECRET_KEY": ["secret", "x" * 49, "changeme", '""', "0"],
    "ORDERS_ALLOWED_HOSTS": [
        "https://shop.example",
        "shop.example:8000",
        "shop.example/",
        "shop.example shop2.example",
        "::1",
        "bücher.example",
        ",",
        "*.shop.example",
    ],
    "DEBUG": ["maybe", "2", "None", "[]", "-"],
    "LOG_FORMAT": ["JSON", "xml", "true", "text,json", "logfmt"],
    "LOG_LEVEL": ["info", "WARN", "20", "verbose", "TRACE"],
    "TLS_PROXY": ["https", "2", "nginx", "None", "-"],
    "PROXIES": ["true", "1.5", "-1", "127.0.0.1", "11"],
    "WEB_THREADS": ["0", "2.5", "1e1", "-4", "1000"],
    "DB_THREADS": ["0", "2.5", "8 threads", "auto", "257"],
    "DB_STATEMENT_SECONDS": ["5s", "0.0001", "-1", "inf", "1e9"],
    "ORDER_DEADLINE_SECONDS": ["0", "60s", "nan", "-60", "1e10"],
    "CANCEL_WINDOW_SECONDS": ["30m", "-1", "nan", "∞", "1e10"],
    "MAX_WAITERS": ["0.5", "-1", "many", "1e3", "nan"],
    "FEATURE_FLAGS": ["bulk discount", "BULK-DISCOUNT", "bulk-dicount", "*", "a,b"],
    "THROTTLE_ORDERS": ["120", "120/m", "0/min", "120 per min", "-5/min"],
    "THROTTLE_READS": ["1e3/min", "/min", "min/120", "1.5/sec", "120/minute"],
    "THROTTLE_LOGIN": ["none", "10/week", "10/", "10/min,20/hour", "∞/min"],
}
OF_PAYMENTS = {
    "SHOP_ORIGIN": [
        "https://shop.example/",
        "shop.example",
        "*",
        "https://SHOP.example",
        "https://shop.example:443",
        "https://shop.example:shop",
        "https://me@shop.example",
        "https://a.example,https://b.example",
    ],
    "PAYMENTS_GATEWAY": [
        "payments.demo_gateway.gateway.DemoGatway",
        "payments.demo_gateway.gateway",
        "payments.gateway.demo.DemoGateway",
        "DemoGateway",
        "yours.gateway.Gateway",
    ],
    "THROTTLE_CARDS": ["60", "60/m", "sixty/min", "-1/min", "60/minute"],
}
ROUNDS = max(map(len, [*WORST.values(), *OF_PAYMENTS.values()]))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize(
    ("project", "worst"), [("orders", WORST), ("payments", OF_PAYMENTS)]
)
def test_the_worst_values_are_refused_by_name(
    project: str, worst: dict[str, list[str]], number: int, tmp_path: Path
) -> None:
    """All variables at once, each with its next bad value."""
    given = {n: values[number] for n, values in worst.items() if number < len(values)}
    if not given:
        return
    done = start(project, **{"RUN_DIR": str(tmp_path), **given})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = done.stderr.strip().splitlines()
    assert said[0] == f"{project} cannot start:"
    named = {line.split()[0] for line in said[1:]}
    assert named == set(given), done.stderr


def test_good_values_are_taken(tmp_path: Path) -> None:
    good: dict[str, str] = {
        "BUS_URL": " rediss://orders:p%2Fss@bus:6380/1?ssl_ca_certs=/ca.pem ",
        "ORDERS_DATABASE_URL": f"{POSTGRES}?sslmode=verify-full",
        "ORDERS_ALLOWED_HOSTS": "shop.example, .shop.example,[::1],*",
        "FEATURE_FLAGS": "bulk-discount",
        "TLS_PROXY": "Yes",
        "PROXIES": "1",
    }
    assert start("orders", RUN_DIR=str(tmp_path), **good).returncode == 0
    payments = {"SHOP_ORIGIN": "http://localhost:8000"}
    assert start("payments", RUN_DIR=str(tmp_path), **payments).returncode == 0


@pytest.mark.parametrize(
    "name", ["a+b", "a#b", "a?b", "a%41b", "a b", "ü", "a&b=c", "a;b", "100%"]
)
def test_a_run_dir_may_have_any_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    config = Config("orders", {"RUN_DIR": str(folder)})
    database: dict[str, Any] = config.database(connections=1)
    config.check()
    assert database["NAME"] == str(folder / "orders.sqlite3")
    url = embedded_bus_url(folder)
    assert config.bus_url() == url
    assert socket_path(url) == str(folder / "bus.sock")
