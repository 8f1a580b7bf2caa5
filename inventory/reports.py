"""What inventory tells of itself: the shop window, and the facts for the audit."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from common.contracts.reports.inventory import (
    AllocationFacts,
    AllocationsFound,
    AuditAllocations,
    ProductListing,
    ProductPage,
    StockAccount,
    StockAccounts,
)
from inventory import checkpoints
from inventory.models import (
    Allocation,
    AllocationLine,
    AllocationState,
    Movement,
    Product,
    Stock,
)


def products(*, after: str, limit: int) -> ProductPage:
    """Return a page of products in SKU order."""
    rows = list(Product.objects.filter(sku__gt=after).select_related("stock")[:limit])
    return ProductPage(
        products=tuple(
            ProductListing(
                sku=row.sku,
                name=row.name,
                unit_price=row.unit_price,
                currency=row.currency,
                free=_free(row),
            )
            for row in rows
        ),
        next=rows[-1].sku if len(rows) == limit else None,
    )


def stock_accounts(*, after: str, limit: int) -> StockAccounts:
    """Return counters and the sums that explain them, read in one statement."""
    held = AllocationLine.objects.filter(
        allocation__state=AllocationState.HELD,
        allocation__expires_at__isnull=False,  # true of each, and has an index
        product_id=OuterRef("product_id"),
    )
    since = Movement.objects.filter(
        product_id=OuterRef("product_id"), id__gt=OuterRef("up_to")
    )
    sku = OuterRef("product_id")
    rows = list(
        Stock.objects.filter(product_id__gt=after)
        .annotate(up_to=checkpoints.last("up_to", sku))
        .annotate(
            ledger_on_hand=checkpoints.last("on_hand", sku) + _total(since, "on_hand"),
            ledger_allocated=checkpoints.last("allocated", sku)
            + _total(since, "allocated"),
            held=_total(held, "quantity"),
        )
        .order_by("product_id")[:limit]
    )
    return StockAccounts(
        accounts=tuple(
            StockAccount(
                sku=row.product_id,
                on_hand=row.on_hand,
                allocated=row.allocated,
                ledger_on_hand=row.ledger_on_hand,
                ledger_allocated=row.ledger_allocated,
                held=row.held,
            )
            for row in rows
        ),
        next=rows[-1].product_id if len(rows) == limit else None,
    )


def allocations(asked: AuditAllocations) -> AllocationsFound:
    """Return facts on the given orders, or on a page of all in id order."""
    rows, limit = Allocation.objects.order_by("order_id"), asked.limit
    if asked.order_ids is not None:
        rows, limit = rows.filter(order_id__in=asked.order_ids), len(asked.order_ids)
    elif asked.after is not None:
        rows = rows.filter(order_id__gt=asked.after)
    moved = Movement.objects.filter(order_id=OuterRef("order_id"))
    lines = AllocationLine.objects.filter(allocation_id=OuterRef("order_id"))
    page = list(
        rows.annotate(
            quantity=_total(lines, "quantity", by="allocation_id"),
            on_hand=_total(moved, "on_hand", by="order_id"),
            allocated=_total(moved, "allocated", by="order_id"),
        )[:limit]
    )
    return AllocationsFound(
        allocations=tuple(
            AllocationFacts(
                order_id=row.order_id,
                state=row.state,
                quantity=row.quantity,
                outstanding=row.allocated - row.on_hand,
                decided_at=row.decided_at,
                deadline=row.deadline,
            )
            for row in page
        ),
        next=page[-1].order_id
        if asked.order_ids is None and len(page) == limit
        else None,
    )


def _total(rows: QuerySet[Any], field: str, by: str = "product_id") -> Coalesce:
    sums = rows.order_by().values(by).annotate(total=Sum(field)).values("total")
    return Coalesce(Subquery(sums), 0)


def _free(product: Product) -> int:
    stock = getattr(product, "stock", None)
    return stock.on_hand - stock.allocated if stock else 0
