"""Checkpoints of the ledger, so that an audit need not read the whole of it.

Whoever changes a product's counters locks them before it writes movements. So the
movements of one product are committed in the order of their ids, and none is added
behind a checkpoint.
"""

from typing import Any

from django.db.models import Subquery, Sum
from django.db.models.functions import Coalesce

from common import clock
from common.contracts.reports.inventory import (
    AuditLedger,
    LedgerSegment,
    LedgerSegments,
)
from inventory.models import LedgerCheckpoint, Movement, Stock

SEGMENT = 1000
"""Movements between two checkpoints: their sum takes a database some milliseconds."""
MOST_NEW = 300
"""Checkpoints that one page of an audit makes; the next audit makes the others."""


def extend(*, after: str, limit: int) -> None:
    """Make the checkpoints that are missing for a page of products."""
    page = Stock.objects.filter(product_id__gt=after).order_by("product_id")
    left = MOST_NEW
    for sku in list(page.values_list("product_id", flat=True)[:limit]):
        while left and _extend(sku):
            left -= 1


def last(field: str, sku: Any) -> Coalesce:
    """Return, for a query, a field of a product's last checkpoint; 0 if it has none."""
    checkpoints = LedgerCheckpoint.objects.filter(product_id=sku)
    return Coalesce(Subquery(checkpoints.order_by("-up_to").values(field)[:1]), 0)


def segments(asked: AuditLedger) -> LedgerSegments:
    """Return what checkpoints say beside what the ledger says, in id order.

    A `sample` is of checkpoints picked at random, with no next page.
    """
    rows = LedgerCheckpoint.objects.order_by("id").filter(id__gt=asked.after)
    if asked.sample:
        rows = LedgerCheckpoint.objects.order_by("?")
    page = list(rows[: asked.limit])
    more = len(page) == asked.limit and not asked.sample
    return LedgerSegments(
        segments=tuple(map(_segment, page)), next=page[-1].id if more else None
    )


def _extend(sku: str) -> bool:
    """Make a product's next checkpoint; False if there are too few movements for it."""
    before = _before(sku)
    ids = Movement.objects.filter(product_id=sku, id__gt=before.up_to).order_by("id")
    for up_to in ids.values_list("id", flat=True)[SEGMENT - 1 : SEGMENT]:
        on_hand, allocated = _sums(sku, before.up_to, up_to)
        checkpoint = LedgerCheckpoint(
            product_id=sku,
            up_to=up_to,
            on_hand=before.on_hand + on_hand,
            allocated=before.allocated + allocated,
            at=clock.now(),
        )
        # an audit beside us makes the same one
        LedgerCheckpoint.objects.bulk_create([checkpoint], ignore_conflicts=True)
        return True
    return False


def _before(sku: str, up_to: int | None = None) -> LedgerCheckpoint:
    """Return the last checkpoint of a product, before one if that is given."""
    earlier = LedgerCheckpoint.objects.filter(product_id=sku).order_by("-up_to")
    if up_to is not None:
        earlier = earlier.filter(up_to__lt=up_to)
    return earlier.first() or LedgerCheckpoint(up_to=0, on_hand=0, allocated=0)


def _segment(checkpoint: LedgerCheckpoint) -> LedgerSegment:
    sku = checkpoint.product_id
    before = _before(sku, checkpoint.up_to)
    on_hand, allocated = _sums(sku, before.up_to, checkpoint.up_to)
    return LedgerSegment(
        id=checkpoint.id,
        sku=sku,
        on_hand=checkpoint.on_hand - before.on_hand,
        allocated=checkpoint.allocated - before.allocated,
        ledger_on_hand=on_hand,
        ledger_allocated=allocated,
    )


def _sums(sku: str, after: int, up_to: int) -> tuple[int, int]:
    rows = Movement.objects.filter(product_id=sku, id__gt=after, id__lte=up_to)
    sums = rows.aggregate(on_hand=Sum("on_hand"), allocated=Sum("allocated"))
    return sums["on_hand"] or 0, sums["allocated"] or 0
