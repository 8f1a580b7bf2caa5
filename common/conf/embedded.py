"""Where the demo keeps what nobody configured: the bus's socket and its secrets."""

import hashlib
import os
import secrets
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

from common.conf.private import private_folder, private_folder_in_tmp

ROOT = Path(__file__).resolve().parents[2]
DEMO = "demo-"
"""How a secret begins that was made for the demo; production refuses it."""


def fresh_demo_secret() -> str:
    """Return a new secret that production will refuse."""
    return DEMO + secrets.token_urlsafe(50)


def is_demo_secret(secret: str) -> bool:
    """Tell whether a secret was made for the demo."""
    return secret.startswith(DEMO)


def embedded_bus_url(run_dir: Path) -> str:
    """Return the URL of the embedded bus: a Unix socket in the run directory.

    Where that path is too long for a socket (about 100 bytes), it is one in a folder of
    the user's own in the system's temporary directory, with a name derived from it.
    Raises OSError if that folder is somebody else's.
    """
    path = run_dir.resolve() / "bus.sock"
    if len(os.fsencode(path)) > 100:
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        path = private_folder_in_tmp() / f"{digest}.sock"
    return f"unix://{quote(os.fsencode(path))}"


def socket_path(url: str) -> str:
    """Return the path of a Unix socket from its URL."""
    return os.fsdecode(unquote_to_bytes(urlsplit(url).path))


def kept_secret(path: Path) -> str:
    """Return the secret in a file, making it for its owner alone the first time."""
    private_folder(path.parent)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        if not path.exists():
            fresh.touch(mode=0o600)
            fresh.write_text(fresh_demo_secret())
            os.link(fresh, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        fresh.unlink(missing_ok=True)
    return path.read_text()
