"""URLs of databases and of the bus, read and checked."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import environ

from common.conf.environment import InvalidValue

OURS = frozenset(("options", "application_name", "connect_timeout", "tcp_user_timeout"))
"""What `postgresql_options` decides, besides `keepalives…`."""
DJANGOS = frozenset(("DISABLE_SERVER_SIDE_CURSORS",))
"""What a database's URL may say to Django."""
BUS_OPTIONS = re.compile(r"username|password|db|ssl_\w+")


def sqlite(path: Path) -> dict[str, Any]:
    """Return Django's setting of an SQLite file; its path may have any characters."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}


def database(url: str) -> dict[str, Any]:
    """Return Django's setting of a PostgreSQL database or of an SQLite file.

    Raises InvalidValue, or any other exception for what is no such URL.
    """
    parts = urlsplit(url)
    given = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    match parts.scheme:
        case "sqlite":
            _refuse(given, "SQLite")
            _check_file(parts.netloc, parts.path.removeprefix("/"))
        case "postgres" | "postgresql" if parts.path.strip("/"):
            _refuse(_not_of_libpq(given), "PostgreSQL, or decided by us,")
        case _:
            raise ValueError
    setting: dict[str, Any] = environ.Env.db_url_config(url)
    return setting


def bus(url: str) -> str:
    """Return the URL of a Valkey or Redis server; raises as `database` does."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError
    if parts.scheme == "unix":
        if not parts.path:
            raise ValueError
    elif not parts.hostname or not re.fullmatch(r"/?|/\d+", parts.path):
        raise ValueError
    _ = parts.port  # raises for what is none
    given = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    _refuse({name for name in given if not BUS_OPTIONS.fullmatch(name)}, "the bus")
    return url


def _check_file(host: str, path: str) -> None:
    if host != ":memory:" and (host or not path):
        raise InvalidValue("names no file: expected sqlite:///relative or ////path")
    if not Path(path).parent.is_dir():
        raise InvalidValue(f"names a folder that is not there: {Path(path).parent}")


def _not_of_libpq(given: set[str]) -> set[str]:
    from psycopg.pq import Conninfo

    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - OURS
    return {
        name
        for name in given
        if name.startswith("keepalives")
        or (name not in known and name.upper() not in DJANGOS)
    }


def _refuse(names: set[str], whose: str) -> None:
    if names:
        raise InvalidValue(
            f"has options that are none of {whose}: {', '.join(sorted(names))}"
        )
