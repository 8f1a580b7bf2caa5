"""Writing an order's row and its total."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User

from common import clock
from common.context import Headers
from common.contracts.inventory import PricedLine
from common.contracts.money import Money
from common.database import retried_transaction
from common.saga import history
from common.saga.transitions import StaleRow
from orders import pricing
from orders.models import Order, OrderLine, Status


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
    return Order.objects.filter(key_scope=new.key_scope, key=new.key).first()


@retried_transaction
def insert(new: NewOrder) -> Order:
    """Insert order, key, lines and history in one transaction.

    Returns the order that is there already if the key was used before.
    """
    started = time.perf_counter()
    known = of_key(new)
    if known:
        return known
    now = clock.now()
    order = Order.objects.create(
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
    OrderLine.objects.bulk_create(
        OrderLine(order=order, sku=sku, quantity=quantity)
        for sku, quantity in sorted(new.lines.items())
    )
    history.record(Order, order.id, "", Status.PLACED)
    history.write_local(Order, order.id, "make order row", started)
    return order


@retried_transaction
def store_total(order: Order, lines: Iterable[PricedLine]) -> Money:
    """Store the total of a placed order that has none, and return the stored one.

    Raises NotOnePrice, and StaleRow if the order is not placed any more.
    """
    started, prices = time.perf_counter(), tuple(lines)
    total = pricing.total_of(prices, order.flags)
    placed = Order.objects.filter(id=order.id, status=Status.PLACED)
    if placed.filter(total=None).update(total=total.amount, currency=total.currency):
        _store_prices(order, {line.sku: line.unit_price for line in prices})
        history.write_local(Order, order.id, "calculate price", started)
        return total
    row = Order.objects.values_list("status", "total", "currency")
    status, stored, currency = row.get(id=order.id)
    if status != Status.PLACED or stored is None:
        raise StaleRow
    if (stored, currency) != (total.amount, total.currency):  # held lines keep prices
        why = "inventory told other prices later; the first ones count"
        placed.update(needs_attention=True, attention=why)
    return Money(amount=stored, currency=currency)


def _store_prices(order: Order, prices: Mapping[str, int]) -> None:
    lines = order.lines.all()
    for line in lines:
        line.unit_price = prices[line.sku]
    OrderLine.objects.bulk_update(lines, ["unit_price"])
