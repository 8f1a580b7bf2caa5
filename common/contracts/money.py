"""Prices and amounts, in a currency's minor unit, alike for every service."""

from typing import Annotated

import msgspec

from common.rpc.contract import Value

HIGHEST_PRICE = 10**12
Minor = Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_PRICE)]
"""A price of one piece in minor units."""
HIGHEST_TOTAL = 10**15
Amount = Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_TOTAL)]
"""What a card is charged, in minor units."""
Currency = Annotated[str, msgspec.Meta(max_length=3, pattern=r"^[A-Z]{3}\Z")]


class Money(Value, frozen=True, kw_only=True):
    """An amount in the currency's minor unit (cents), never a float."""

    amount: Amount
    currency: Currency
