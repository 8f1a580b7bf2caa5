"""Changing the states of allocations, each time of many at once."""

from collections.abc import Collection
from uuid import UUID

from common import clock, sql
from inventory.models import Allocation, AllocationState


def states(order_ids: Collection[UUID]) -> dict[UUID, str]:
    if not order_ids:
        return {}
    found = Allocation.objects.filter(order_id__in=order_ids)
    return dict(found.values_list("order_id", "state"))


def transition(
    order_ids: Collection[UUID], start: AllocationState, end: AllocationState
) -> set[UUID]:
    """Make a state transition of allocations; return those that were in that state."""
    if not order_ids:
        return set()
    moved = sql.run(
        """
        UPDATE inventory_allocation SET state = %(end)s, expires_at = NULL
        WHERE order_id IN (VALUES {rows}) AND state = %(start)s
        RETURNING order_id
        """,
        [(order_id,) for order_id in sorted(order_ids)],
        start=start,
        end=end,
    )
    return {sql.uuid_of(order_id) for (order_id,) in moved}


def bury(order_ids: Collection[UUID]) -> set[UUID]:
    """Leave a tombstone for each order that is unknown; return those."""
    now = clock.now()
    tombstones = [
        Allocation(order_id=order_id, state=AllocationState.RELEASED, decided_at=now)
        for order_id in sorted(order_ids)
    ]
    return {one.order_id for one in sql.insert(tombstones, unless="order_id")}
