"""Card numbers that a client sends to the wrong place are not written down."""

import re

CARD_NUMBER = re.compile(r"\d{13,}|(?<![\w-])\d(?:[ ._-]?\d){12,18}(?![\w-])", re.ASCII)
"""A long number, or one in groups that is a whole word: an order's id is neither."""


def without_card_numbers(text: str) -> str:
    """Return a text with what may be a card's number replaced."""
    return CARD_NUMBER.sub("…", text)


def is_card_number(text: str) -> bool:
    """Tell whether a whole text may be a card's number."""
    return CARD_NUMBER.fullmatch(text) is not None
