"""Orders' side of its contracts, and its sweeper."""

from common.contracts.orders import (
    GetOrderOutcome,
    NoteRefundFailed,
    OrderOutcome,
    RunOrder,
    UnknownOrder,
)
from common.contracts.reports.orders import AuditOrders, OrdersFound
from common.rpc.contract import Done
from common.rpc.service import Service
from common.saga import leases
from orders import reports
from orders.models import Order
from orders.orchestrator import orchestrator

service = Service("orders")


@service.handles(RunOrder)
async def run_order(request: RunOrder) -> Done:
    """Run an order because it was just placed, cancelled or retried."""
    await orchestrator.run(request.order_id)
    return Done()


@service.handles(GetOrderOutcome)
def get_order_outcome(request: GetOrderOutcome) -> OrderOutcome:
    """Tell where an order stands."""
    order = Order.objects.filter(id=request.order_id).only("status").first()
    if order is None:
        raise UnknownOrder
    return OrderOutcome(status=order.status)


@service.handles(NoteRefundFailed)
def note_refund_failed(request: NoteRefundFailed) -> Done:
    """Flag the order; its outcome stands, and payments goes on refunding."""
    why = f"refund {request.refund} failed late"
    if not leases.flag(Order, request.order_id, why):
        raise UnknownOrder
    return Done()


@service.handles(AuditOrders)
def audit_orders(request: AuditOrders) -> OrdersFound:
    """Report orders and their histories."""
    return reports.orders(
        order_ids=request.order_ids,
        after=request.after,
        limit=request.limit,
        grace_seconds=request.grace_seconds,
    )


@service.every(seconds=0.5)
async def run_due_orders() -> None:
    """Take up the orders whose wake-up was lost or whose last attempt failed."""
    await orchestrator.sweep()
