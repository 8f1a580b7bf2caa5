"""What an order costs: prices come from inventory, never from the client."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar

from common.contracts.inventory import PricedLine
from common.contracts.money import HIGHEST_TOTAL, Money
from common.rpc.errors import Refused

BULK_DISCOUNT = "bulk-discount"
"""Feature flag: lines of ten pieces and more cost 10 % less."""


@dataclass(kw_only=True, eq=False)
class NotOnePrice(Refused):
    """The lines do not add up to a sum that can be charged."""

    title: ClassVar[str] = "The order cannot be priced"
    why: str

    def detail(self) -> str:
        """Say what is wrong with the lines."""
        return self.why


def total_of(lines: Iterable[PricedLine], flags: Collection[str]) -> Money:
    """Return the sum of all lines, in integer minor units.

    Raises NotOnePrice for lines in several currencies, and for a total of nothing or
    of more than any card is charged.
    """
    lines = tuple(lines)
    currencies = {line.currency for line in lines}
    if len(currencies) != 1:
        raise NotOnePrice(why=f"prices in {', '.join(sorted(currencies))}")
    amount = sum(_price(line, flags) for line in lines)
    if amount < 1:
        raise NotOnePrice(why="the total is nothing")
    if amount > HIGHEST_TOTAL:
        raise NotOnePrice(why="the total is more than a card can be charged")
    return Money(amount=amount, currency=currencies.pop())


def _price(line: PricedLine, flags: Collection[str]) -> int:
    price = line.unit_price * line.quantity
    if BULK_DISCOUNT in flags and line.quantity >= 10:
        return price - price // 10
    return price
