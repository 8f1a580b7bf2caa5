"""The handlers of billing, each with its rule."""

from contracts.billing import Bill, BillPaidBack, NoCredit, PayBack

from billing.models import Invoice
from common.database import retried_transaction
from common.rpc.contract import Done
from common.rpc.service import Service

service = Service("billing")


@service.handles(Bill)
@retried_transaction
def bill(request: Bill) -> Done:
    """Bill a guest, once."""
    invoice = Invoice.objects.filter(booking_id=request.booking_id).first()
    if invoice is None:
        if request.guest == "nobody":
            raise NoCredit
        Invoice.objects.create(booking_id=request.booking_id, amount=request.amount)
    elif not invoice.amount:
        raise BillPaidBack
    return Done()


@service.handles(PayBack)
@retried_transaction
def pay_back(request: PayBack) -> Done:
    """Pay a bill back, and leave a tombstone."""
    Invoice.objects.update_or_create(
        booking_id=request.booking_id, defaults={"amount": 0}
    )
    return Done()
