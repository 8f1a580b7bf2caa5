"""The kinds of values in contracts. Each has its limits: what is outside is no value.

Whole numbers fit into the columns that keep them, and sums of them into 64 bits.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from common.rpc.contract import expect

PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z"
"""A line of text for people: nothing that moves a cursor or turns the direction."""
Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PRINTABLE)]
MOST_PIECES = 100_000
Quantity = Annotated[int, msgspec.Meta(ge=1, le=MOST_PIECES)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Number = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""A count that an audit must see even where it is wrong."""
State = Annotated[str, msgspec.Meta(max_length=12, pattern=r"^[a-z_]*\Z")]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]
OrderIds = Annotated[tuple[UUID, ...], msgspec.Meta(max_length=200)]


def expect_page(keys: list[Any], next: object, *, after: object, limit: int) -> None:
    """Raise ContractBroken unless this can be the page behind `after`."""
    expect(len(keys) <= limit, f"{len(keys)} entries, {limit} were asked for")
    expect(len(keys) == len(set(keys)), "an entry comes twice")
    expect(after not in keys, "the page begins before where it was asked to")
    expect(next is None or keys[-1:] == [next], "the next page begins elsewhere")


def expect_facts(request: Any, facts: Iterable[Any], next: UUID | None) -> None:
    """Raise ContractBroken unless these are facts on the orders that were asked about.

    `request` has the `order_ids`, or the `after` and `limit`, of an audit.
    """
    ids = [fact.order_id for fact in facts]
    if request.order_ids is None:
        expect_page(ids, next, after=request.after, limit=request.limit)
        return
    expect(len(ids) == len(set(ids)), "an order comes twice")
    expect(set(ids) <= set(request.order_ids), "an order that nobody asked about")
    expect(next is None, "a listing of given orders goes on")
