"""Storing what orders cost, before it is charged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from common import sql
from common.contracts.inventory import PricedLine
from common.contracts.money import Money
from common.database import retried_transaction
from common.saga.transitions import StaleRow
from orders import pricing
from orders.models import Order, Status


@dataclass(frozen=True)
class Priced:
    """An order, and the lines that inventory holds for it."""

    order: Order
    lines: Sequence[PricedLine]


@retried_transaction
def store(orders: Sequence[Priced]) -> list[Money | Exception]:
    """Store the total of each placed order that has none; answer with the stored one.

    An order that cannot be priced is answered with NotOnePrice, and one that is not
    placed any more with StaleRow.
    """
    lines = {one.order.id: one.lines for one in orders}
    answers = {one.order.id: _total_of(one) for one in orders}
    totals = {key: one for key, one in answers.items() if isinstance(one, Money)}
    stored = _store(totals)
    _store_prices({key: lines[key] for key in stored})
    for key in totals.keys() - stored:
        answers[key] = _stored_before(key, totals[key])
    return [answers[one.order.id] for one in orders]


def _total_of(one: Priced) -> Money | Exception:
    try:
        return pricing.total_of(one.lines, one.order.flags)
    except pricing.NotOnePrice as refusal:
        return refusal


def _store(totals: Mapping[UUID, Money]) -> set[UUID]:
    """Store the totals of placed orders that have none; return those orders."""
    if not totals:
        return set()
    stored = sql.run(
        """
        UPDATE orders_order SET total = priced.column2, currency = priced.column3
        FROM (VALUES {rows}) AS priced
        WHERE id = priced.column1 AND status = %(placed)s AND total IS NULL
        RETURNING id
        """,
        [(key, one.amount, one.currency) for key, one in sorted(totals.items())],
        placed=Status.PLACED,
    )
    return {sql.uuid_of(key) for (key,) in stored}


def _store_prices(held: Mapping[UUID, Sequence[PricedLine]]) -> None:
    if not held:
        return
    sql.run(
        """
        UPDATE orders_orderline SET unit_price = priced.column3
        FROM (VALUES {rows}) AS priced
        WHERE order_id = priced.column1 AND sku = priced.column2
        """,
        [
            (key, line.sku, line.unit_price)
            for key, lines in held.items()
            for line in lines
        ],
    )


def _stored_before(key: UUID, total: Money) -> Money | StaleRow:
    row = Order.objects.values_list("status", "total", "currency")
    status, stored, currency = row.get(id=key)
    if status != Status.PLACED or stored is None:
        return StaleRow()
    if (stored, currency) != (total.amount, total.currency):  # held lines keep prices
        why = "inventory told other prices later; the first ones count"
        placed = Order.objects.filter(id=key, status=Status.PLACED)
        placed.update(needs_attention=True, attention=why)
    return Money(amount=stored, currency=currency)
