"""Settings from the environment, checked all together when a process starts.

Every reader notes what is wrong and carries on; `check()` then raises once, with one
line for each variable that is missing or malformed.
"""

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from common.channel_layer import resilience
from common.embedded import ROOT, embedded_bus_url, is_demo_secret, kept_secret
from common.given import Unreadable, given

T = TypeVar("T")
MODES = ("demo", "production")


class DemoSecret(ValueError):
    """A secret that was made for the demo stands where production needs its own."""


class Config:
    """The environment of one service, whose own variables start with its name.

    Any variable `X` may be given as `X_FILE`, the name of a file that holds its value.
    In demo mode everything has a default. In production mode the variables that
    protect data have none, and refuse the secrets that the demo makes for itself.
    """

    def __init__(self, service: str, env: Mapping[str, str] | None = None) -> None:
        self.service = service
        self._env = os.environ if env is None else env
        self._problems: list[str] = []
        self.variables = {"RUN_DIR"}
        """The names of all variables that were asked for."""
        self.mode = self.choice("MODE", MODES, default="demo")
        self.demo = self.mode == "demo"
        self.run_dir = Path(self._env.get("RUN_DIR") or ROOT / ".run")

    def check(self) -> None:
        """Raise ImproperlyConfigured with a line for every bad variable."""
        if self._problems:
            raise ImproperlyConfigured(
                f"{self.service} cannot start:\n  " + "\n  ".join(self._problems)
            )

    def own(self, name: str) -> str:
        """Return the name of a variable of this service: ORDERS_DATABASE_URL."""
        return f"{self.service.upper()}_{name}"

    def dotted_path(self, name: str, *, default: str | None) -> str:
        """Read where a class is; its module must be there, and is not imported yet."""

        def parse(value: str) -> str:
            module, _, attribute = value.rpartition(".")
            if not attribute.isidentifier() or find_spec(module) is None:
                raise ValueError
            return value

        expected = "the dotted path of a class, like payments.gateway.demo.DemoGateway"
        return self._read(name, expected, parse, default, fallback="")

    def number(
        self, name: str, *, default: float, least: float = 0, most: float = 10**9
    ) -> float:
        """Read a number between `least` and `most`."""

        def parse(value: str) -> float:
            number = float(value)
            if not least <= number <= most:
                raise ValueError
            return number

        expected = f"a number from {least:g} to {most:g}"
        return self._read(name, expected, parse, default, fallback=default)

    def flag(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}

        def parse(value: str) -> bool:
            return words[value.lower()]

        return self._read(name, "true or false", parse, default, fallback=default)

    def choice(self, name: str, choices: tuple[str, ...], *, default: str) -> str:
        """Read one of a few words."""

        def parse(value: str) -> str:
            return choices[choices.index(value)]

        return self._read(name, " or ".join(choices), parse, default, fallback=default)

    def words(
        self, name: str, expected: str, *, default: tuple[str, ...] | None = None
    ) -> list[str]:
        """Read a list separated by commas; a default of None makes it required."""

        def parse(value: str) -> list[str]:
            words = [word.strip() for word in value.split(",") if word.strip()]
            if not words:
                raise ValueError
            return words

        fallback = None if default is None else list(default)
        return self._read(name, expected, parse, fallback, fallback=[])

    def origin(self, name: str, *, default: str | None) -> str:
        """Read a web origin such as https://shop.example."""

        def parse(value: str) -> str:
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.netloc:
                raise ValueError
            if parts.path or parts.query or parts.fragment:
                raise ValueError
            return value

        return self._read(
            name, "an origin like https://shop.example", parse, default, fallback=""
        )

    def rate(self, name: str, *, default: str) -> str:
        """Read how often something is allowed, such as 120/min."""

        def parse(value: str) -> str:
            count, _, period = value.partition("/")
            if int(count) < 1 or period not in {"sec", "min", "hour", "day"}:
                raise ValueError
            return value

        return self._read(
            name,
            "a rate like 120/min (sec, min, hour, day)",
            parse,
            default,
            fallback=default,
        )

    def secret_key(self) -> str:
        """Return Django's SECRET_KEY; in demo mode one is made and kept in RUN_DIR."""
        name = self.own("SECRET_KEY")
        expected = "at least 50 random characters"

        def parse(value: str) -> str:
            self._refuse_demo_secret(value)
            if len(value) < 50:
                raise ValueError
            return value

        default = None
        if self.demo and not self._env.get(name) and not self._env.get(f"{name}_FILE"):
            try:
                default = kept_secret(self.run_dir / f"{self.service}.secret")
            except OSError as error:
                self._problems.append(
                    f"RUN_DIR is malformed: expected a directory to write to ({error})"
                )
                default = ""
        return self._read(name, expected, parse, default, fallback="")

    def demo_password(self) -> str:
        """Return the password that the demo's people get, if one is given."""
        self.variables.add("DEMO_PASSWORD")
        if not self.demo:  # there are no such people
            return ""
        return self._read("DEMO_PASSWORD", "a password", str, "", fallback="")

    def database(self, connections: int) -> dict[str, Any]:
        """Return the database that ORDERS_DATABASE_URL (or the like) names.

        On PostgreSQL a process keeps a pool of at most so many connections.
        """
        name = self.own("DATABASE_URL")
        expected = "postgres://user:password@host/name or sqlite:///path"

        def parse(value: str) -> dict[str, Any]:
            parsed: dict[str, Any] = environ.Env.db_url_config(value)
            engine = str(parsed["ENGINE"]).rpartition(".")[2]
            if engine not in {"sqlite3", "postgresql"} or not parsed["NAME"]:
                raise ValueError
            self._refuse_demo_secret(parsed.get("PASSWORD") or "")
            return parsed

        here = f"sqlite:///{self.run_dir / self.service}.sqlite3"
        default = parse(here) if self.demo else None
        database = self._read(name, expected, parse, default, fallback={})
        seconds = self.number("DB_STATEMENT_SECONDS", default=5, most=86_400)
        match str(database.get("ENGINE")).rpartition(".")[2]:
            case "sqlite3":
                database["OPTIONS"] = SQLITE_OPTIONS
            case "postgresql":
                database["CONN_HEALTH_CHECKS"] = True  # a lost one is replaced
                database["OPTIONS"] = {
                    **database.get("OPTIONS", {}),
                    **postgresql_options(self.service, connections, seconds),
                }
        return database

    def allowed_hosts(self) -> list[str]:
        """Return the host names that the web process answers to."""
        here = ("localhost", "127.0.0.1", "[::1]") if self.demo else None
        return self.words(
            self.own("ALLOWED_HOSTS"), "host names separated by commas", default=here
        )

    def bus_url(self) -> str:
        """Return where the bus is: BUS_URL, or the embedded one in demo mode."""
        expected = "redis://[user:password@]host:port/0 or unix:///path"

        def parse(value: str) -> str:
            parts = urlsplit(value)
            if parts.scheme not in {"redis", "rediss", "unix"}:
                raise ValueError
            if not (parts.path if parts.scheme == "unix" else parts.hostname):
                raise ValueError
            self._refuse_demo_secret(unquote(parts.password or ""))
            return value

        default = embedded_bus_url(self.run_dir) if self.demo else None
        return self._read("BUS_URL", expected, parse, default, fallback="")

    def channel_layer(self, url: str) -> dict[str, Any]:
        """Return the setting of the channel layer; BUS_RESILIENCE makes it faulty."""
        backend = self.dotted_path("CHANNEL_LAYER", default=OUR_CHANNEL_LAYER)
        expected = "faults like: seed=7; *.request drop=0.02 delay=0.1"
        if backend != OUR_CHANNEL_LAYER:
            expected = f"nothing, since {backend} has no such mode"

        def parse(value: str) -> dict[str, Any]:
            if backend != OUR_CHANNEL_LAYER:
                raise ValueError
            return resilience.parse(value)

        none: dict[str, Any] = {}
        faults = self._read("BUS_RESILIENCE", expected, parse, none, fallback=none)
        layer = channel_layer(url, backend)
        if faults:
            layer["CONFIG"]["resilience"] = faults
        return layer

    def services(self, *, default: str) -> dict[str, str]:
        """Return where each service lives: `local:` or `channel:` (…_SERVICE)."""
        return {
            name: self.choice(
                f"{name.upper()}_SERVICE", ("local:", "channel:"), default=default
            )
            for name in ("orders", "inventory", "payments")
        }

    def _read(
        self,
        name: str,
        expected: str,
        parse: Callable[[str], T],
        default: T | None,
        *,
        fallback: T,
    ) -> T:
        self.variables.add(name)
        value = ""
        try:
            value = given(self._env, name)
            if not value and default is not None:
                return default
            if not value:
                raise ValueError
            return parse(value)
        except Unreadable as problem:
            self._problems.append(str(problem))
        except DemoSecret:
            self._problems.append(
                f"{name} is the demo's: expected a secret of your own"
            )
        except Exception:  # parsers of libraries raise what they like
            said = "is malformed" if value else "is missing"
            self._problems.append(f"{name} {said}: expected {expected}")
        return fallback

    def _refuse_demo_secret(self, secret: str) -> None:
        if not self.demo and is_demo_secret(secret):
            raise DemoSecret


SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
"""Writers queue instead of failing half-way; a commit survives a power cut."""


def postgresql_options(
    service: str, connections: int, statement_seconds: float
) -> dict[str, Any]:
    """Return a pool's limits, and how long a statement or a lock may take; 0: for ever.

    Nothing here waits for a person: a transaction that does nothing is a bug.
    """
    limits = {
        "statement_timeout": statement_seconds,
        "lock_timeout": statement_seconds * 0.6,
        "idle_in_transaction_session_timeout": 30,
    }
    return {
        "pool": {
            "min_size": 1,
            "max_size": connections,
            "timeout": 5,
            "reconnect_timeout": 5,  # then anew, not ever more seldom
        },
        "connect_timeout": 5,
        "application_name": f"cutpoints {service}",
        "options": " ".join(
            f"-c {name}={round(seconds * 1000)}" for name, seconds in limits.items()
        ),
    }


OUR_CHANNEL_LAYER = "common.channel_layer.RedisChannelLayer"


def channel_layer(url: str, backend: str = OUR_CHANNEL_LAYER) -> dict[str, Any]:
    """Return the setting of the channel layer on a Valkey or Redis server.

    The stock layer's `receive` blocks for longer than redis-py 8 waits by default, so
    the socket's timeout is off; ours keeps its own time.
    """
    return {
        "BACKEND": backend,
        "CONFIG": {
            "hosts": [{"address": url, "socket_timeout": None}],
            "capacity": 1000,
            "expiry": 60,
        },
    }
