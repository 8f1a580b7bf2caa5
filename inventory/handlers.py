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
from common.rpc.process_client import call
from common.rpc.service import Service
from common.together import together
from inventory import checkpoints, overdue, reports, stock

service = Service("inventory")


@service.handles(AllocateInventory)
async def allocate_inventory(request: AllocateInventory) -> InventoryAllocated:
    """Hold an order's lines."""
    return await together(stock.allocate, request)


@service.handles(FinaliseInventory)
async def finalise_inventory(request: FinaliseInventory) -> Done:
    """Take an order's lines off the shelf."""
    return await together(stock.finalise, request.order_id)


@service.handles(ReleaseInventory)
async def release_inventory(request: ReleaseInventory) -> Done:
    """Give an order's lines back."""
    return await together(stock.release, request.order_id)


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
