"""What inventory answers: products, prices and stock set aside for orders."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.contracts.money import Currency, Minor
from common.contracts.values import (
    MOST_PIECES,
    Count,
    Moment,
    Quantity,
    Sku,
)
from common.rpc.contract import Done, Reply, Request, Value, expect
from common.rpc.errors import Refused

MOST_LINES = 100
Many = msgspec.Meta(min_length=1, max_length=MOST_LINES)


class Line(Value, frozen=True, kw_only=True):
    """So many pieces of one product."""

    sku: Sku
    quantity: Quantity


class PricedLine(Value, frozen=True, kw_only=True):
    """A line with the list price that held when its stock was set aside."""

    sku: Sku
    quantity: Quantity
    unit_price: Minor
    currency: Currency


class ShortLine(Value, frozen=True, kw_only=True):
    """A line that could not be served, and how many pieces were free."""

    sku: Sku
    quantity: Quantity
    free: Count


@dataclass(kw_only=True, eq=False)
class OutOfStock(Refused):
    """There is not enough; nothing was set aside."""

    title: ClassVar[str] = "Out of stock"
    lines: Annotated[tuple[ShortLine, ...], Many]

    def detail(self) -> str:
        """Name every short line."""
        return "; ".join(
            f"{line.sku}: {line.quantity} wanted, {line.free} free"
            for line in self.lines
        )


@dataclass(kw_only=True, eq=False)
class UnknownProduct(Refused):
    """Inventory has no such product; nothing was set aside."""

    title: ClassVar[str] = "Unknown product"
    skus: Annotated[tuple[Sku, ...], Many]

    def detail(self) -> str:
        """Name the products."""
        return "no product " + ", ".join(self.skus)


@dataclass(kw_only=True, eq=False)
class AlreadyReleased(Refused):
    """The order's stock was released before, and stays released."""

    title: ClassVar[str] = "The allocation was released"


@dataclass(kw_only=True, eq=False)
class TooLateToAllocate(Refused):
    """The order's deadline had passed when the work would have begun."""

    title: ClassVar[str] = "Too late to allocate"


class InventoryAllocated(Reply, frozen=True, kw_only=True):
    """All lines are set aside, at these prices."""

    lines: Annotated[tuple[PricedLine, ...], Many]


class AllocateInventory(Request[InventoryAllocated], frozen=True, kw_only=True):
    """Set stock aside for an order, all or nothing. Repeating it changes nothing."""

    refuses = (OutOfStock, UnknownProduct, AlreadyReleased, TooLateToAllocate)

    order_id: UUID
    lines: Annotated[tuple[Line, ...], Many]
    deadline: Moment

    def __post_init__(self) -> None:
        """Refuse lines of one SKU whose sum no reply could carry."""
        super().__post_init__()
        most = max(merged(self.lines).values(), default=0)
        expect(most <= MOST_PIECES, f"AllocateInventory: {most} pieces of one SKU")

    def check(self, answer: Reply | Refused) -> None:
        """Every SKU that was asked for, in its quantity; a refusal names no other."""
        asked = merged(self.lines)
        match answer:
            case InventoryAllocated(lines=lines):
                expect(len(lines) == len(asked), "the lines are not those asked for")
                expect(merged(lines) == asked, "the lines are not those asked for")
            case OutOfStock(lines=short):
                skus = [line.sku for line in short]
                expect(len(skus) == len(set(skus)), "a short line comes twice")
                wanted = {line.sku: line.quantity for line in short}
                expect(wanted.items() <= asked.items(), "a line that nobody asked for")
            case UnknownProduct(skus=skus):
                expect(len(skus) == len(set(skus)), "a product comes twice")
                expect(set(skus) <= set(asked), "a product that nobody asked for")


def merged(lines: Iterable[Line | PricedLine]) -> dict[str, int]:
    """Return quantities by SKU, in SKU order: the order in which rows are locked."""
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return dict(sorted(wanted.items()))


class FinaliseInventory(Request[Done], frozen=True, kw_only=True):
    """Take the allocated stock off the shelf. Repeating it changes nothing."""

    refuses = (AlreadyReleased,)

    order_id: UUID


class ReleaseInventory(Request[Done], frozen=True, kw_only=True):
    """Give back what the order holds or took, and refuse it stock ever after."""

    compensation = True

    order_id: UUID
