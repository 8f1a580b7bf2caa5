"""What all projects ask of their environment: secrets, databases, the bus."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from common.channel_layer import resilience
from common.conf import urls
from common.conf.backends import (
    OUR_CHANNEL_LAYER,
    PREPARED,
    PRIVATE_SQLITE,
    RESTED_POSTGRESQL,
    SQLITE_OPTIONS,
    channel_layer,
    postgresql_options,
    statement_limits,
)
from common.conf.embedded import ROOT, embedded_bus_url, is_demo_secret, kept_secret
from common.conf.environment import Environment, InvalidValue
from common.conf.private import close_to_others

MODES = ("demo", "production")
LEAST_SECONDS = 0.1
"""A statement gets so long, at least, or for ever."""
HOST = r"\*|\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\]"


class Config(Environment):
    """The environment of one service, whose own variables start with its name.

    In demo mode everything has a default. In production mode the variables that
    protect data have none, and refuse the secrets that the demo makes for itself.
    """

    def __init__(self, service: str, env: Mapping[str, str] | None = None) -> None:
        super().__init__(service, env)
        self.mode = self.choice("MODE", MODES, default="demo")
        self.demo = self.mode == "demo"
        here = str(ROOT / ".run")
        self.run_dir = Path(
            self._read("RUN_DIR", "a folder", _no_tilde, here, fallback=here)
        )
        if self.demo and self.run_dir == Path(here):
            close_to_others(self.run_dir)

    def own(self, name: str) -> str:
        """Return the name of a variable of this service: SHOP_DATABASE_URL."""
        return f"{self.service.upper()}_{name}"

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
                default = self._no_run_dir(error)
        return self._read(name, expected, parse, default, fallback="")

    def demo_password(self) -> str:
        """Return the password that the demo's people get, if one is given."""
        self.variables.add("DEMO_PASSWORD")
        if not self.demo:  # there are no such people
            return ""
        return self._read("DEMO_PASSWORD", "a password", str, "", fallback="")

    def database(self, connections: int) -> dict[str, Any]:
        """Return the database that SHOP_DATABASE_URL (or the like) names.

        On PostgreSQL a process keeps a pool of at most so many connections.
        """
        name = self.own("DATABASE_URL")
        expected = (
            "postgres://user:password@host/name or sqlite:///path; in a password "
            "write % / ? # [ @ : as %25 %2F %3F %23 %5B %40 %3A"
        )

        def parse(value: str) -> dict[str, Any]:
            parsed = urls.database(value)
            self._refuse_demo_secrets_in(value)
            return parsed

        here = self.run_dir / f"{self.service}.sqlite3"
        default = urls.sqlite(here) if self.demo else None
        database = self._read(name, expected, parse, default, fallback={})
        seconds = self.number("DB_STATEMENT_SECONDS", default=5, most=86_400)
        if 0 < seconds < LEAST_SECONDS:  # milliseconds would round to "for ever"
            self._problems.append(
                f"DB_STATEMENT_SECONDS is malformed: expected 0 or {LEAST_SECONDS:g} "
                "and more"
            )
        pgbouncer = self.flag("PGBOUNCER", default=False)
        match str(database.get("ENGINE")).rpartition(".")[2]:
            case "sqlite3":
                for part in ("", "-wal", "-shm"):  # of a version that left them open
                    close_to_others(Path(f"{here}{part}"))
                database["ENGINE"] = PRIVATE_SQLITE
                database["OPTIONS"] = SQLITE_OPTIONS
            case "postgresql":
                database["ENGINE"] = RESTED_POSTGRESQL
                limits = statement_limits(seconds)
                if pgbouncer:  # takes none at a connection's start
                    limits = {}
                    database["DISABLE_SERVER_SIDE_CURSORS"] = True
                prepared = {} if pgbouncer else PREPARED
                database["OPTIONS"] = {
                    **database.get("OPTIONS", {}),
                    **postgresql_options(self.service, connections, limits),
                    **prepared,
                }
        return database

    def allowed_hosts(self) -> list[str]:
        """Return the host names that the web process answers to."""
        here = ("localhost", "127.0.0.1", "[::1]") if self.demo else None
        return self.words(
            self.own("ALLOWED_HOSTS"),
            "host names separated by commas, without https:// and port",
            default=here,
            each=HOST,
        )

    def bus_url(self) -> str:
        """Return where the bus is: BUS_URL, or the embedded one in demo mode."""
        expected = "redis://[user:password@]host:port/0 or unix:///path"

        def parse(value: str) -> str:
            self._refuse_demo_secrets_in(value)
            return urls.bus(value)

        default = self._embedded_bus_url() if self.demo else None
        return self._read("BUS_URL", expected, parse, default, fallback="")

    def layer_class(self) -> str:
        """Return the dotted path of the channel layer."""
        return self.dotted_path("CHANNEL_LAYER", default=OUR_CHANNEL_LAYER)

    def channel_layer(self, url: str) -> dict[str, Any]:
        """Return the setting of the channel layer; BUS_RESILIENCE makes it faulty."""
        backend = self.layer_class()
        expected = "faults like: seed=7; *.request drop=0.02 delay=0.1"
        if backend not in {OUR_CHANNEL_LAYER, ""}:
            expected = f"nothing, since {backend} has no such mode"

        def parse(value: str) -> dict[str, Any]:
            if backend not in {OUR_CHANNEL_LAYER, ""}:
                raise ValueError
            return resilience.parse(value)

        none: dict[str, Any] = {}
        faults = self._read("BUS_RESILIENCE", expected, parse, none, fallback=none)
        layer = channel_layer(url, backend)
        if faults:
            layer["CONFIG"]["resilience"] = faults
        return layer

    def services(self, names: Iterable[str], *, default: str) -> dict[str, str]:
        """Return where each service lives: `local:` or `channel:` (…_SERVICE)."""
        return {
            name: self.choice(
                f"{name.upper()}_SERVICE", ("local:", "channel:"), default=default
            )
            for name in names
        }

    def _embedded_bus_url(self) -> str:
        try:
            return embedded_bus_url(self.run_dir)
        except OSError as error:
            return self._no_run_dir(error)

    def _no_run_dir(self, error: OSError) -> str:
        self._problems.append(
            f"RUN_DIR is malformed: expected a directory to write to ({error})"
        )
        return ""

    def _refuse_demo_secret(self, secret: str) -> None:
        if not self.demo and is_demo_secret(secret):
            raise InvalidValue("is the demo's: expected a secret of your own")

    def _refuse_demo_secrets_in(self, url: str) -> None:
        parts = urlsplit(url)
        self._refuse_demo_secret(unquote(parts.password or ""))
        for _, value in parse_qsl(parts.query):
            self._refuse_demo_secret(value)


def _no_tilde(path: str) -> str:
    if path.startswith("~"):
        raise InvalidValue("begins with ~, which no shell has replaced: write it out")
    return path
