"""The invariants of docs/design.md, as questions about facts of the services."""

from collections.abc import Iterator

from common import clock
from common.contracts.orders import ENDED, LEAST_KEPT, TRANSITIONS
from common.contracts.reports.inventory import (
    AllocationFacts,
    LedgerSegment,
    StockAccount,
)
from common.contracts.reports.orders import OrderFacts
from common.contracts.reports.payments import ChargeFacts


def stock_violations(account: StockAccount) -> Iterator[str]:
    """Invariant 1: stock is never negative, and the ledger explains the counters."""
    if not 0 <= account.allocated <= account.on_hand:
        yield f"{account.allocated} allocated of {account.on_hand} on hand"
    if account.on_hand != account.ledger_on_hand:
        yield f"{account.on_hand} on hand, ledger says {account.ledger_on_hand}"
    if account.allocated != account.ledger_allocated:
        yield f"{account.allocated} allocated, ledger says {account.ledger_allocated}"
    if account.allocated != account.held:
        yield f"{account.allocated} allocated, holds add up to {account.held}"


def ledger_violations(segment: LedgerSegment) -> Iterator[str]:
    """Invariant 1 for movements that were summed up before: they are as they were."""
    said = (segment.on_hand, segment.allocated)
    if said != (segment.ledger_on_hand, segment.ledger_allocated):
        yield f"ledger was changed before checkpoint {segment.id}"


def order_violations(
    order: OrderFacts,
    charge: ChargeFacts | None,
    allocation: AllocationFacts | None,
) -> Iterator[str]:
    """Invariants 2 to 5, 7 and 9, for one order that ended or is long overdue.

    Of an old order that took nothing, the others may have nothing left (`purge`).
    """
    if order.status not in ENDED:
        yield f"5: still {order.status}, long after its deadline"
        return
    if charge and charge.charges > 1:
        yield f"2: charged {charge.charges} times"
    if order.status == "confirmed":
        yield from _confirmed(order, charge, allocation)
    else:
        yield from _compensated(order, charge, allocation)
    yield from _started_in_time(order, charge, allocation)
    yield from _history(order)


def _confirmed(
    order: OrderFacts, charge: ChargeFacts | None, allocation: AllocationFacts | None
) -> Iterator[str]:
    if allocation is None or allocation.state != "finalised":
        yield f"3: confirmed, stock is {allocation.state if allocation else 'none'}"
    elif not allocation.quantity == allocation.outstanding == order.quantity:
        yield f"3: {order.quantity} ordered, {allocation.outstanding} taken"
    if charge is None or charge.state != "charged":
        yield f"3: confirmed, charge is {charge.state if charge else 'none'}"
    elif (charge.net, charge.currency) != (order.total, order.currency):
        yield f"2: total {order.total} {order.currency}, charged {charge.net}"


def _compensated(
    order: OrderFacts, charge: ChargeFacts | None, allocation: AllocationFacts | None
) -> Iterator[str]:
    purged = order.deadline < clock.now() - LEAST_KEPT
    if allocation is None and purged:
        pass
    elif allocation is None or allocation.state not in {"released", "short"}:
        yield f"4: {order.status}, stock is {allocation.state if allocation else None}"
    elif allocation.outstanding:
        yield f"4: {order.status}, {allocation.outstanding} pieces are still held"
    if charge is None and purged:
        pass
    elif charge is None or charge.state not in {"voided", "declined", "refunded"}:
        retrying = charge and charge.state == "refunding" and charge.failed_refunds
        if not (retrying and order.needs_attention):
            yield f"4: {order.status}, charge is {charge.state if charge else None}"
    elif charge.net:
        yield f"4: {order.status}, {charge.net} {charge.currency} are kept"


def _started_in_time(
    order: OrderFacts, charge: ChargeFacts | None, allocation: AllocationFacts | None
) -> Iterator[str]:
    """Invariant 7 is about allocating and charging; nothing else has a deadline."""
    if allocation and allocation.deadline and allocation.decided_at > order.deadline:
        yield "7: allocated after the deadline"
    if charge and charge.deadline and charge.opened_at > order.deadline:
        yield "7: charged after the deadline"


def _history(order: OrderFacts) -> Iterator[str]:
    status = ""
    for one in order.transitions:
        if one.start != status or (one.start, one.end) not in TRANSITIONS:
            yield f"9: moved {one.start!r} → {one.end!r} when it was {status!r}"
        status = one.end
    if status != order.status:
        yield f"9: history ends in {status!r}, the order is {order.status!r}"
