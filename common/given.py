"""What the environment gives: a variable `X`, or the file that `X_FILE` names."""

from collections.abc import Mapping
from pathlib import Path


class Unreadable(Exception):
    """A value cannot be had; it says why, for whoever starts the process."""


def given(env: Mapping[str, str], name: str) -> str:
    """Return a variable's value or its file's content, stripped; nothing if unset.

    Raises Unreadable.
    """
    value, path = env.get(name, ""), env.get(f"{name}_FILE", "")
    if value and path:
        raise Unreadable(f"{name} and {name}_FILE are both set: expected one of them")
    try:
        return Path(path).read_text().strip() if path else value
    except (OSError, ValueError) as error:
        raise Unreadable(f"{name}_FILE cannot be read: {error}") from error
