"""Makes what is missing of the suite's secrets: `python -m deploy.make_secrets DIR`.

DIR gets a folder for each container that needs some, to be mounted there alone:

    orders/      secret-key  database-url  bus-url  demo-password
    orders-db/   password
    suite/       bus-url  demo-password
    bus/         users.acl

and so on for inventory and payments. What is there is kept, except the ACL, which is
written anew. In production nothing is made unless `--own` asks for it.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from common.conf.embedded import fresh_demo_secret
from common.contracts.topology import CALLS, SERVING
from deploy.bus_users import acl

NAMES = (
    "bus/users.acl",
    *(f"{user}/bus-url" for user in CALLS),
    *(f"{service}-db/password" for service in SERVING),
    *(
        f"{service}/{name}"
        for service in SERVING
        for name in ("secret-key", "database-url")
    ),
)
"""What production needs."""


def main(words: list[str] | None = None) -> int:
    """Write the files; in production only look, and return 1 if any is missing."""
    parser = argparse.ArgumentParser(prog="python -m deploy.make_secrets")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--own", action="store_true", help="for production")
    options = parser.parse_args(words)
    if options.own:
        write(options.directory, fresh_own_secret)
    elif os.environ.get("MODE") != "production":
        write(options.directory, fresh_demo_secret)
        write_demo_password(options.directory)
    missing = [name for name in NAMES if not (options.directory / name).exists()]
    for name in missing:
        print(f"{options.directory / name} is missing; --own makes it", file=sys.stderr)
    return 1 if missing else 0


def fresh_own_secret() -> str:
    """Return a new secret for production."""
    return secrets.token_urlsafe(50)


def write(directory: Path, fresh: Callable[[], str]) -> None:
    """Make the secrets that are missing, and the ACL for those that are there."""
    for service in SERVING:
        kept(directory / service / "secret-key", fresh())
        password = kept(directory / f"{service}-db" / "password", fresh())
        secret = quote(password, safe="")
        url = f"postgres://{service}:{secret}@{service}-db/{service}"
        kept(directory / service / "database-url", url)
    passwords: dict[str, str] = {}
    for user in CALLS:
        url = kept(directory / user / "bus-url", f"redis://{user}:{fresh()}@bus:6379/0")
        passwords[user] = unquote(urlsplit(url).password or "")
        if not passwords[user]:
            sys.exit(
                f"{directory / user / 'bus-url'}: expected redis://{user}:password@…"
            )
    put(directory / "bus" / "users.acl", acl(passwords))


def write_demo_password(directory: Path) -> None:
    """Give the demo's people one password in all services."""
    password = kept(directory / "suite" / "demo-password", fresh_demo_secret())
    for service in SERVING:
        kept(directory / service / "demo-password", password)


def kept(path: Path, new: str) -> str:
    """Return what is in a file, putting `new` there the first time."""
    if not path.exists() or not path.read_text().strip():
        put(path, new)
    return path.read_text().strip()


def put(path: Path, text: str) -> None:
    """Write a file at once or not at all, for whoever may enter its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o444)  # containers run under several user ids
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
