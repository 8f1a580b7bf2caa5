"""What may be repeated of a peer's own words: it may know a card's token."""

import re
from collections.abc import Iterator
from typing import Any

SHOWN = 200
"""Characters of an error's detail that are sent, or believed."""
PLAIN_WORD = re.compile(
    r"(?=.{1,28}\Z)[A-Za-z_.$`'(){}\[\]<>=,:;/+\-…]+\Z|[(`]?\d{1,3}(\.\d{1,3})?[)`,.;:]*\Z"
)
"""Letters and punctuation, shorter than a card's token is; or a small number."""
SHORTEST_SECRET = 4
CUT = "…"


def redacted(text: str, request: Any) -> str:
    """Return a peer's text without what it may have from the request, or elsewhere.

    Texts of the request itself, and whatever is no plain word, are cut.
    """
    text = text[: 10 * SHOWN]
    for own in sorted(_texts(request), key=len, reverse=True):
        if len(own) >= SHORTEST_SECRET:
            text = re.sub(re.escape(own), CUT, text, flags=re.IGNORECASE)
    words = (word if PLAIN_WORD.match(word) else CUT for word in text.split())
    return " ".join(words)[:SHOWN]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    else:
        for name in getattr(value, "__struct_fields__", ()):
            yield from _texts(getattr(value, name))
