"""What orders tells the audit."""

from datetime import datetime, timedelta
from uuid import UUID

from common import clock
from common.contracts.orders import ENDED
from common.contracts.reports.orders import OrderFacts, OrdersFound, OrderTransition
from orders.models import Order


def orders(
    *,
    order_ids: tuple[UUID, ...] | None,
    after: UUID | None,
    limit: int,
    grace_seconds: float,
) -> OrdersFound:
    """Return facts on the given orders, or on a page of all in id order."""
    rows = Order.objects.order_by("id").prefetch_related("lines", "transitions")
    if order_ids is not None:
        rows, limit = rows.filter(id__in=order_ids), len(order_ids)
    elif after is not None:
        rows = rows.filter(id__gt=after)
    page = list(rows[:limit])
    overdue_since = clock.now() - timedelta(seconds=grace_seconds)
    return OrdersFound(
        orders=tuple(_facts(row, overdue_since) for row in page),
        next=page[-1].id if order_ids is None and len(page) == limit else None,
    )


def _facts(order: Order, overdue_since: datetime) -> OrderFacts:
    history = sorted(order.transitions.all(), key=lambda one: one.pk)
    return OrderFacts(
        order_id=order.id,
        status=order.status,
        total=order.total,
        currency=order.currency or None,
        quantity=sum(line.quantity for line in order.lines.all()),
        needs_attention=order.needs_attention,
        deadline=order.deadline,
        overdue=order.status not in ENDED and order.deadline <= overdue_since,
        transitions=tuple(OrderTransition(start=m.start, end=m.end) for m in history),
        attempts=order.attempts,
    )
