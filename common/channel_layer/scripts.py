"""The Lua scripts that run inside the broker, each on one declared key."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Script(NamedTuple):
    """A script, and the SHA-1 by which EVALSHA names it."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """Return the script in `lua/<name>.lua`."""
    text = files(__package__).joinpath("lua", f"{name}.lua").read_text()
    return Script(text, hashlib.sha1(text.encode()).hexdigest())  # noqa: S324 as asked
