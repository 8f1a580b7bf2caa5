"""What inventory answers: products, prices and stock set aside for orders."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.contract import Done, Reply, Request
from common.errors import Refused

Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of one product."""

    sku: Sku
    quantity: Quantity


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with the list price that held when its stock was set aside."""

    sku: Sku
    quantity: Quantity
    unit_price: Minor
    currency: Currency


class ShortLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that could not be served, and how many pieces were free."""

    sku: Sku
    quantity: Quantity
    free: int


@dataclass(kw_only=True, eq=False)
class OutOfStock(Refused):
    """There is not enough; nothing was set aside."""

    title: ClassVar[str] = "Out of stock"
    lines: tuple[ShortLine, ...]

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
    skus: tuple[str, ...]

    def detail(self) -> str:
        """Name the products."""
        return "no product " + ", ".join(self.skus)


@dataclass(kw_only=True, eq=False)
class AllocationUndone(Refused):
    """The order's stock was released before, and stays released."""

    title: ClassVar[str] = "The allocation was undone"


@dataclass(kw_only=True, eq=False)
class TooLateToAllocate(Refused):
    """The order's deadline had passed when the work would have begun."""

    title: ClassVar[str] = "Too late to allocate"


class InventoryAllocated(Reply, frozen=True, kw_only=True):
    """All lines are set aside, at these prices."""

    lines: tuple[PricedLine, ...]


class AllocateInventory(Request[InventoryAllocated], frozen=True, kw_only=True):
    """Set stock aside for an order, all or nothing. Repeating it changes nothing."""

    refuses = (OutOfStock, UnknownProduct, AllocationUndone, TooLateToAllocate)

    order_id: UUID
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=100)]
    deadline: datetime


class FinaliseInventory(Request[Done], frozen=True, kw_only=True):
    """Take the allocated stock off the shelf. Repeating it changes nothing."""

    refuses = (AllocationUndone,)

    order_id: UUID


class ReleaseInventory(Request[Done], frozen=True, kw_only=True):
    """Give back what the order holds or took, and refuse it stock ever after."""

    undo = True

    order_id: UUID


class ProductListing(msgspec.Struct, frozen=True, kw_only=True):
    """A product as the shop window shows it."""

    sku: str
    name: str
    unit_price: int
    currency: str
    free: int


class ProductPage(Reply, frozen=True, kw_only=True):
    """Products in SKU order; `next` continues the list and is None at its end."""

    products: tuple[ProductListing, ...]
    next: str | None


class ListProducts(Request[ProductPage], frozen=True, kw_only=True):
    """List products in SKU order, starting behind `after`."""

    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class StockAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One product's counters beside the sums that must explain them."""

    sku: str
    on_hand: int
    allocated: int
    ledger_on_hand: int
    ledger_allocated: int
    held: int


class StockAccounts(Reply, frozen=True, kw_only=True):
    """Stock accounts in SKU order; `next` continues the list."""

    accounts: tuple[StockAccount, ...]
    next: str | None


class AuditStock(Request[StockAccounts], frozen=True, kw_only=True):
    """Report counters, ledger sums and held quantities of a page of products."""

    timeout = 10.0

    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100


class AllocationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What inventory knows of one order: held, short, finalised or released."""

    order_id: UUID
    state: str
    quantity: int
    outstanding: int
    """Pieces the ledger still shows as taken from the shelf or held for the order."""
    decided_at: datetime
    deadline: datetime | None


class AllocationsFound(Reply, frozen=True, kw_only=True):
    """Facts on the orders that inventory knows; `next` continues a listing."""

    allocations: tuple[AllocationFacts, ...]
    next: UUID | None


class AuditAllocations(Request[AllocationsFound], frozen=True, kw_only=True):
    """Report allocations: of the given orders, or all in id order behind `after`."""

    timeout = 10.0

    order_ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=200)] | None = None
    after: UUID | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100
