"""What inventory forgets: how orders ended that took nothing, and tombstones.

Neither state is ever left (docs/protocol.md). If an order comes back, a release leaves
a new tombstone, and an allocation is too late. What was finalised is kept: that is what
we shipped, and its order may be compensated for as long as another service is away.
"""

from datetime import datetime

from common.contracts.orders import LEAST_KEPT
from common.ops.purging import Keys, Purge
from inventory.models import Allocation, AllocationLine, AllocationState

ENDED = (AllocationState.SHORT, AllocationState.RELEASED)


def _forget(keys: Keys, before: datetime) -> int:
    old = Allocation.objects.filter(
        order_id__in=keys, state__in=ENDED, decided_at__lt=before
    )
    ids = list(old.values_list("order_id", flat=True))
    AllocationLine.objects.filter(allocation_id__in=ids).delete()
    return Allocation.objects.filter(order_id__in=ids).delete()[0]


PURGES = (
    Purge(
        "allocations that ended, and tombstones",
        Allocation,
        _forget,
        keep=LEAST_KEPT,
        because="until its order's deadline a late request must find them",
    ),
)
