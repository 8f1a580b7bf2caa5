"""Text of strangers must not steer a terminal."""

from collections.abc import Callable


def by_unicode(letter: str) -> str:
    """Return a letter as Python writes it: `\\x1b`."""
    return letter.encode("unicode_escape").decode()


def escaped(line: str, by: Callable[[str], str] = by_unicode, *, keep: str = "") -> str:
    """Return a line with every letter escaped that is not printable, but for `keep`."""
    if line.isprintable():
        return line
    return "".join(
        letter if letter.isprintable() or letter in keep else by(letter)
        for letter in line
    )
