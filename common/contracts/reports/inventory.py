"""The facts of inventory."""

from typing import Annotated
from uuid import UUID

import msgspec

from common.contracts.money import Currency, Minor
from common.contracts.values import (
    Count,
    Limit,
    Moment,
    Number,
    OrderIds,
    Sku,
    State,
    expect_facts,
    expect_page,
)
from common.rpc.contract import Reply, Request, Value
from common.rpc.errors import Refused


class ProductListing(Value, frozen=True, kw_only=True):
    """A product as the shop window shows it."""

    sku: Sku
    name: Annotated[str, msgspec.Meta(max_length=120)]
    unit_price: Minor
    currency: Currency
    free: Count


class ProductPage(Reply, frozen=True, kw_only=True):
    """Products in SKU order; `next` continues the list and is None at its end."""

    products: Annotated[tuple[ProductListing, ...], msgspec.Meta(max_length=100)]
    next: Sku | None


class ListProducts(Request[ProductPage], frozen=True, kw_only=True):
    """List products in SKU order, starting behind `after`."""

    after: Annotated[str, msgspec.Meta(max_length=40)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50

    def check(self, answer: Reply | Refused) -> None:
        """A page of at most `limit` products, none of them twice."""
        if isinstance(answer, ProductPage):
            skus = [product.sku for product in answer.products]
            expect_page(skus, answer.next, after=self.after, limit=self.limit)


class StockAccount(Value, frozen=True, kw_only=True):
    """One product's counters beside the sums that must explain them."""

    sku: Sku
    on_hand: Number
    allocated: Number
    ledger_on_hand: Number
    ledger_allocated: Number
    held: Number


class StockAccounts(Reply, frozen=True, kw_only=True):
    """Stock accounts in SKU order; `next` continues the list."""

    accounts: Annotated[tuple[StockAccount, ...], msgspec.Meta(max_length=200)]
    next: Sku | None


class AuditStock(Request[StockAccounts], frozen=True, kw_only=True):
    """Report counters, ledger sums and held quantities of a page of products.

    The sums go on from the ledger's last checkpoint, which `AuditLedger` is about.
    """

    timeout = 10.0

    after: Annotated[str, msgspec.Meta(max_length=40)] = ""
    limit: Limit = 100

    def check(self, answer: Reply | Refused) -> None:
        """A page of at most `limit` accounts, none of them twice."""
        if isinstance(answer, StockAccounts):
            skus = [account.sku for account in answer.accounts]
            expect_page(skus, answer.next, after=self.after, limit=self.limit)


class LedgerSegment(Value, frozen=True, kw_only=True):
    """What a checkpoint adds to the one before it, beside the sums of its movements."""

    id: Number
    sku: Sku
    on_hand: Number
    allocated: Number
    ledger_on_hand: Number
    ledger_allocated: Number


class LedgerSegments(Reply, frozen=True, kw_only=True):
    """Segments of the ledger in the order of their ids; `next` continues the list."""

    segments: Annotated[tuple[LedgerSegment, ...], msgspec.Meta(max_length=200)]
    next: Number | None


class AuditLedger(Request[LedgerSegments], frozen=True, kw_only=True):
    """Report a page of what AuditStock takes for granted, or a sample of it."""

    timeout = 10.0

    after: Number = 0
    limit: Limit = 20
    sample: bool = False

    def check(self, answer: Reply | Refused) -> None:
        """At most `limit` segments, none of them twice; a sample has no next page."""
        if isinstance(answer, LedgerSegments):
            ids = [segment.id for segment in answer.segments]
            after = None if self.sample else self.after
            expect_page(ids, answer.next, after=after, limit=self.limit)


class AllocationFacts(Value, frozen=True, kw_only=True):
    """What inventory knows of one order: held, short, finalised or released."""

    order_id: UUID
    state: State
    quantity: Number
    outstanding: Number
    """Pieces the ledger still shows as taken from the shelf or held for the order."""
    decided_at: Moment
    deadline: Moment | None


class AllocationsFound(Reply, frozen=True, kw_only=True):
    """Facts on the orders that inventory knows; `next` continues a listing."""

    allocations: Annotated[tuple[AllocationFacts, ...], msgspec.Meta(max_length=200)]
    next: UUID | None


class AuditAllocations(Request[AllocationsFound], frozen=True, kw_only=True):
    """Report allocations: of the given orders, or all in id order behind `after`."""

    timeout = 10.0

    order_ids: OrderIds | None = None
    after: UUID | None = None
    limit: Limit = 100

    def check(self, answer: Reply | Refused) -> None:
        """Facts on orders that were asked about, each once."""
        if isinstance(answer, AllocationsFound):
            expect_facts(self, answer.allocations, answer.next)
