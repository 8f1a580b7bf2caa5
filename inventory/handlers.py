"""Inventory's side of its contracts, and its sweeper."""

from common.contracts.inventory import (
    AllocateInventory,
    FinaliseInventory,
    InventoryAllocated,
    ReleaseInventory,
)
from common.contracts.reports.inventory import (
    AllocationsFound,
    AuditAllocations,
    AuditLedger,
    AuditStock,
    LedgerSegments,
    ListProducts,
    ProductPage,
    StockAccounts,
)
from common.rpc.contract import Done
from common.rpc.errors import Refused
from common.rpc.process_client import call
from common.rpc.service import Service
from inventory import checkpoints, overdue, reports, stock

service = Service("inventory")


@service.handles(AllocateInventory)
def allocate_inventory(request: AllocateInventory) -> InventoryAllocated:
    """Hold an order's lines."""
    answer = stock.allocate(
        order_id=request.order_id, lines=request.lines, deadline=request.deadline
    )
    if isinstance(answer, Refused):
        raise answer
    return answer


@service.handles(FinaliseInventory)
def finalise_inventory(request: FinaliseInventory) -> Done:
    """Take an order's lines off the shelf."""
    stock.finalise(order_id=request.order_id)
    return Done()


@service.handles(ReleaseInventory)
def release_inventory(request: ReleaseInventory) -> Done:
    """Give an order's lines back."""
    stock.release(order_id=request.order_id)
    return Done()


@service.handles(ListProducts)
def list_products(request: ListProducts) -> ProductPage:
    """List products."""
    return reports.products(after=request.after, limit=request.limit)


@service.handles(AuditStock)
def audit_stock(request: AuditStock) -> StockAccounts:
    """Report counters beside their ledger."""
    checkpoints.extend(after=request.after, limit=request.limit)
    return reports.stock_accounts(after=request.after, limit=request.limit)


@service.handles(AuditLedger)
def audit_ledger(request: AuditLedger) -> LedgerSegments:
    """Report checkpoints beside the movements that they stand for."""
    return checkpoints.segments(request)


@service.handles(AuditAllocations)
def audit_allocations(request: AuditAllocations) -> AllocationsFound:
    """Report what orders hold."""
    return reports.allocations(request)


@service.every(seconds=1.0)
async def release_overdue_holds() -> None:
    """Ask orders about holds that outlived their order's deadline."""
    await overdue.sweep(call)
