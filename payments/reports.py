"""What payments tells the audit."""

from uuid import UUID

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from common.contracts.reports.payments import ChargeFacts, ChargesFound
from payments.models import Charge, EntryKind


def charges(
    *, order_ids: tuple[UUID, ...] | None, after: UUID | None, limit: int
) -> ChargesFound:
    """Return facts on the given orders, or on a page of all in id order."""
    rows = Charge.objects.order_by("order_id")
    if order_ids is not None:
        rows, limit = rows.filter(order_id__in=order_ids), len(order_ids)
    elif after is not None:
        rows = rows.filter(order_id__gt=after)
    page = list(
        rows.annotate(
            net=Coalesce(Sum("entries__amount"), 0),
            charge_entries=Count("entries", filter=Q(entries__kind=EntryKind.CHARGE)),
        )[:limit]
    )
    return ChargesFound(
        charges=tuple(
            ChargeFacts(
                order_id=row.order_id,
                state=row.state,
                amount=row.amount,
                currency=row.currency,
                net=row.net,
                charges=row.charge_entries,
                failed_refunds=row.failed_refunds,
                opened_at=row.opened_at,
                deadline=row.deadline,
            )
            for row in page
        ),
        next=page[-1].order_id if order_ids is None and len(page) == limit else None,
    )
