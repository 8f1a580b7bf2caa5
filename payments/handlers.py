"""Payments' side of its contracts, and its sweeper."""

from common.contracts.payments import CardCharged, ChargeCard, RefundCharge
from common.contracts.reports.payments import AuditCharges, ChargesFound
from common.rpc.contract import Done
from common.rpc.process_client import call
from common.rpc.service import Service
from payments import late_refunds, ledger, reports

service = Service("payments")


@service.handles(ChargeCard)
async def charge_card(request: ChargeCard) -> CardCharged:
    """Charge an order's total."""
    charged = await ledger.charge_card(request)
    return CardCharged(charged=charged)


@service.handles(RefundCharge)
async def refund_charge(request: RefundCharge) -> Done:
    """Pay an order's charge back."""
    await ledger.refund_charge(order_id=request.order_id)
    return Done()


@service.handles(AuditCharges)
def audit_charges(request: AuditCharges) -> ChargesFound:
    """Report what orders were charged."""
    return reports.charges(
        order_ids=request.order_ids, after=request.after, limit=request.limit
    )


@service.every(seconds=1.0)
async def watch_refunds() -> None:
    """Carry on with refunds that failed late, and notify orders."""
    await late_refunds.sweep(call)
