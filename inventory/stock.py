"""The rules of stock: the table "Inventory" of docs/protocol.md, one function a column.

`@retried_transaction` makes each function one transaction, which runs again from the
top when it met a `Conflict` or a key that was there already (`common/database.py`). A
unique key, or an UPDATE that names the state it expects, decides who wins. Only the
winner moves counters and writes the ledger; everybody else gets the answer that was
given first.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from common import clock
from common.contracts.inventory import (
    AlreadyReleased,
    InventoryAllocated,
    Line,
    merged,
)
from common.database import Conflict, retried_transaction
from common.rpc.errors import ContractBroken, Refused
from inventory import counters, holding
from inventory.models import Allocation, AllocationState, MovementKind

HELD, SHORT = AllocationState.HELD, AllocationState.SHORT
FINALISED, RELEASED = AllocationState.FINALISED, AllocationState.RELEASED


@retried_transaction
def allocate(
    *, order_id: UUID, lines: Iterable[Line], deadline: datetime
) -> InventoryAllocated | Refused:
    """Hold all lines or none, and answer a repeat with the first answer.

    Returns the refusal instead of raising it, since it has to be remembered.
    """
    allocation = Allocation.objects.filter(order_id=order_id).first()
    if allocation is None:
        return holding.hold(order_id, merged(lines), deadline)
    if allocation.state == RELEASED:
        return AlreadyReleased()
    if allocation.state == SHORT:
        return holding.refusal_of(allocation)
    return InventoryAllocated(lines=holding.priced_lines(allocation))


@retried_transaction
def finalise(*, order_id: UUID) -> None:
    """Take what is held off the shelf; refuses what was released.

    Raises ContractBroken for an order that holds nothing.
    """
    if _transition(order_id, HELD, FINALISED):
        counters.move(order_id, MovementKind.FINALISE, on_hand=-1, allocated=-1)
        return
    match _state(order_id):
        case AllocationState.FINALISED:
            return
        case AllocationState.RELEASED:
            raise AlreadyReleased
        case AllocationState.HELD:
            raise Conflict
        case none_or_short:
            raise ContractBroken(f"finalise on {none_or_short or 'none'}")


@retried_transaction
def release(*, order_id: UUID) -> None:
    """Give everything back, whatever there is, and refuse the order stock from now on.

    For an unknown order this leaves a tombstone, which a late allocate will meet.
    """
    if _transition(order_id, HELD, RELEASED):
        counters.move(order_id, MovementKind.RELEASE, on_hand=0, allocated=-1)
    elif _transition(order_id, FINALISED, RELEASED):
        counters.move(order_id, MovementKind.RESTOCK, on_hand=+1, allocated=0)
    elif (state := _state(order_id)) is None:
        Allocation.objects.create(
            order_id=order_id, state=RELEASED, decided_at=clock.now()
        )
    elif state in {HELD, FINALISED}:
        raise Conflict


@retried_transaction
def release_overdue_hold(*, order_id: UUID) -> bool:
    """Release a hold that is still one, on orders' word; tell whether it was."""
    if not _transition(order_id, HELD, RELEASED):
        return False
    counters.move(order_id, MovementKind.RELEASE, on_hand=0, allocated=-1)
    return True


def _state(order_id: UUID) -> str | None:
    states = Allocation.objects.filter(order_id=order_id).values_list("state")
    return next((state for (state,) in states), None)


def _transition(order_id: UUID, start: AllocationState, end: AllocationState) -> bool:
    """Make a state transition of an allocation; False if it was in another state."""
    rows = Allocation.objects.filter(order_id=order_id, state=start)
    return rows.update(state=end, expires_at=None) == 1
