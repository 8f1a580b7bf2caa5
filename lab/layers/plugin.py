"""A pytest plugin: the stock layer's own tests, on another layer and another port.

Those tests import their class by name and expect Redis and a Sentinel on the usual
ports. Set `LAB_LAYER`, `LAB_PORT` and `LAB_SENTINEL_PORT`; what each test came to is
written to the file `LAB_OUTCOMES`, whatever the tests are.
"""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import channels_redis.core
import pytest

outcomes: dict[str, str] = {}


def layer_class() -> Any:
    """Return the class that `LAB_LAYER` names."""
    module, _, name = os.environ["LAB_LAYER"].rpartition(".")
    return getattr(import_module(module), name)


def at_our_port(host: Any) -> Any:
    """Return a host of those tests as it is here, safe from redis-py's 5 s timeout."""
    if isinstance(host, dict):
        sentinel = ("127.0.0.1", int(os.environ["LAB_SENTINEL_PORT"]))
        return {**host, "sentinels": [sentinel], "socket_timeout": None}
    address = host.replace(":6379", f":{os.environ['LAB_PORT']}")
    return {"address": address, "socket_timeout": None}


def pytest_configure() -> None:
    """Swap the class before a test imports it."""
    if "LAB_PORT" not in os.environ:
        return
    base = layer_class()

    class Swapped(base):  # type: ignore[misc, valid-type]
        def __init__(self, hosts: Any = None, **settings: Any) -> None:
            hosts = hosts or ["redis://127.0.0.1:6379"]
            super().__init__(hosts=[at_our_port(host) for host in hosts], **settings)

    channels_redis.core.RedisChannelLayer = Swapped


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what a test came to: a failure in setup or teardown counts as well."""
    name = report.nodeid.rpartition("/")[2]
    expected = hasattr(report, "wasxfail")
    if report.when == "call" or report.failed:
        outcome = ("x" if expected else "") + report.outcome
        if outcomes.get(name) != "failed":
            outcomes[name] = outcome.replace("xskipped", "xfailed")


def pytest_sessionfinish() -> None:
    """Write it down."""
    Path(os.environ["LAB_OUTCOMES"]).write_text(json.dumps(outcomes))
