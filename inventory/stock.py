"""The rules of stock: the table "Inventory" of docs/protocol.md, one function a column.

Each takes what arrived together and answers every member of it, in one transaction:
`@retried_transaction` runs it again from the top when it met a `Conflict`
(`common/database.py`). A unique key, or an UPDATE that names the state it expects,
decides who wins. Only the winner moves counters and writes the ledger; everybody else
gets the answer that was given first.
"""

from collections.abc import Sequence
from uuid import UUID

from common import clock
from common.contracts.inventory import (
    AllocateInventory,
    AlreadyReleased,
    InventoryAllocated,
    TooLateToAllocate,
)
from common.database import Conflict, retried_transaction
from common.rpc.contract import Done
from common.rpc.errors import ContractBroken, Refused
from inventory import allocations, counters, holding
from inventory.models import Allocation, AllocationState, MovementKind

HELD, SHORT = AllocationState.HELD, AllocationState.SHORT
FINALISED, RELEASED = AllocationState.FINALISED, AllocationState.RELEASED


@retried_transaction
def allocate(
    requests: Sequence[AllocateInventory],
) -> list[InventoryAllocated | Refused]:
    """Hold for each order all lines or none, and answer a repeat with the first answer.

    Who came first is served first.
    """
    now = clock.now()
    orders: dict[UUID, AllocateInventory] = {}
    for request in requests:
        orders.setdefault(request.order_id, request)
    answers = holding.hold([one for one in orders.values() if now < one.deadline])
    if known := orders.keys() - answers.keys():
        found = Allocation.objects.filter(order_id__in=known).prefetch_related("lines")
        answers |= {allocation.order_id: _given(allocation) for allocation in found}
    return [answers.get(one.order_id, TooLateToAllocate()) for one in requests]


def _given(allocation: Allocation) -> InventoryAllocated | Refused:
    """Return the answer that an order was given before."""
    if allocation.state == RELEASED:
        return AlreadyReleased()
    if allocation.state == SHORT:
        return holding.refusal_of(allocation)
    return InventoryAllocated(lines=holding.priced_lines(allocation))


@retried_transaction
def finalise(
    order_ids: Sequence[UUID],
) -> list[Done | AlreadyReleased | ContractBroken]:
    """Take what is held off the shelf; refuse what was released.

    An order that holds nothing breaks the contract.
    """
    finalised = allocations.transition(order_ids, HELD, FINALISED)
    counters.move(finalised, MovementKind.FINALISE, on_hand=-1, allocated=-1)
    states = allocations.states(set(order_ids) - finalised) | dict.fromkeys(
        finalised, FINALISED
    )
    return [_finalised(states.get(order_id)) for order_id in order_ids]


def _finalised(state: str | None) -> Done | AlreadyReleased | ContractBroken:
    match state:
        case AllocationState.FINALISED:
            return Done()
        case AllocationState.RELEASED:
            return AlreadyReleased()
        case AllocationState.HELD:
            raise Conflict
        case none_or_short:
            return ContractBroken(f"finalise on {none_or_short or 'none'}")


@retried_transaction
def release(order_ids: Sequence[UUID]) -> list[Done]:
    """Give everything back, whatever there is, and refuse the orders stock from now on.

    For an unknown order this leaves a tombstone, which a late allocate will meet.
    """
    released = allocations.transition(order_ids, HELD, RELEASED)
    restocked = allocations.transition(set(order_ids) - released, FINALISED, RELEASED)
    counters.move(released, MovementKind.RELEASE, on_hand=0, allocated=-1)
    counters.move(restocked, MovementKind.RESTOCK, on_hand=+1, allocated=0)
    others = set(order_ids) - released - restocked
    states = allocations.states(others - allocations.bury(others))
    if {HELD, FINALISED} & set(states.values()):
        raise Conflict
    return [Done() for _ in order_ids]


@retried_transaction
def release_overdue_hold(*, order_id: UUID) -> bool:
    """Release a hold that is still one, on orders' word; tell whether it was."""
    released = allocations.transition([order_id], HELD, RELEASED)
    counters.move(released, MovementKind.RELEASE, on_hand=0, allocated=-1)
    return bool(released)
