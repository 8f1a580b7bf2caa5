"""Writing an order's row, once for each key."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User

from common import clock, sql
from common.context import Headers
from common.database import Conflict, retried_transaction
from common.saga import history
from orders.models import Order, OrderLine, Status, load_lines


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """What a customer asks for, and the key that makes asking twice harmless."""

    id: UUID
    customer: User | None
    key_scope: str
    key: str
    fingerprint: str
    lines: Mapping[str, int]
    """Quantities by SKU."""
    card_token: str
    headers: Headers
    first_status: int | None = None
    """The HTTP status that a request with this key gets, if it is known already."""


def of_key(new: NewOrder) -> Order | None:
    """Return the committed order whose key it is, if there is one."""
    found = Order.objects.filter(key_scope=new.key_scope, key=new.key).first()
    load_lines([found] if found else [])
    return found


@retried_transaction
def insert(new: NewOrder) -> Order:
    """Insert order, key, lines and history in one transaction.

    Returns the order that is there already if the key was used before.
    """
    started = time.perf_counter()
    now = clock.now()
    order = Order(
        id=new.id,
        customer=new.customer,
        key_scope=new.key_scope,
        key=new.key,
        fingerprint=new.fingerprint,
        first_status=new.first_status,
        status=Status.PLACED,
        card_token=new.card_token,
        flags=list(new.headers.flags),
        correlation_id=new.headers.correlation_id,
        traceparent=new.headers.traceparent,
        tracestate=new.headers.tracestate,
        placed_at=now,
        deadline=now + timedelta(seconds=settings.ORDER_DEADLINE),
        next_attempt_at=now,
    )
    if not sql.insert([order], unless="key_scope, key"):
        known = of_key(new)
        if known is None:  # it was deleted since
            raise Conflict
        return known
    order.loaded_lines = [
        OrderLine(order_id=order.id, sku=sku, quantity=quantity)
        for sku, quantity in sorted(new.lines.items())
    ]
    sql.insert(order.loaded_lines)
    made = history.own_step(Order, "make order row", started)
    history.record(Order, {order.id: None}, "", Status.PLACED, step=made)
    return order


def first_answers(order_ids: Sequence[UUID]) -> list[Order]:
    """Store the HTTP statuses of keys' first answers; return the orders as they are.

    That is 201 if an order has ended, else 202; replays repeat the first answer's.
    """
    found = sql.objects(
        Order,
        """
        UPDATE orders_order SET first_status = COALESCE(
            first_status,
            CASE WHEN status IN (%(placed)s, %(compensating)s) THEN 202 ELSE 201 END
        )
        WHERE id IN (VALUES {rows}) RETURNING {columns}
        """,
        [(order_id,) for order_id in sorted(set(order_ids))],
        placed=Status.PLACED,
        compensating=Status.COMPENSATING,
    )
    load_lines(found)
    orders = {one.id: one for one in found}
    return [orders[order_id] for order_id in order_ids]
