"""Design's invariants, asked of the databases and of what customers were told."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from common import clock
from common.contracts.orders import ENDED
from common.contracts.reports.inventory import AuditAllocations
from inventory import reports as inventory_reports
from orders import reports as order_reports
from orders.models import Order
from payments import reports as payment_reports
from payments.demo_gateway.models import Operation
from suite.invariants import order_violations, stock_violations
from tests.simulation.customers import Customer


def violations(customers: Iterable[Customer]) -> list[str]:
    """Return what is wrong when everything should have come to its end."""
    found = []
    for account in inventory_reports.stock_accounts(after="", limit=100).accounts:
        found += [f"{account.sku}: {what}" for what in stock_violations(account)]
    orders = order_reports.orders(
        order_ids=None, after=None, limit=200, grace_seconds=0
    ).orders
    ids = tuple(order.order_id for order in orders)
    charges = payment_reports.charges(order_ids=ids, after=None, limit=200).charges
    charge_of = {charge.order_id: charge for charge in charges}
    kept = inventory_reports.allocations(AuditAllocations(order_ids=ids))
    allocation_of = {one.order_id: one for one in kept.allocations}
    for order in orders:
        id = order.order_id
        facts = order, charge_of.get(id), allocation_of.get(id)
        found += [f"{id}: {what}" for what in order_violations(*facts)]
        if order.status not in ENDED:
            found.append(f"{id}: 5: {order.status} at the end")
    excluded = Order.objects.filter(attention__regex="^(contradiction|unexpected)")
    found += [f"{order.id}: {order.attention}" for order in excluded]
    found += _books({id: charge.net for id, charge in charge_of.items()})
    found += _told(customers)
    return found


def _books(nets: dict[UUID, int]) -> list[str]:
    """Call the gateway's own books what the customers really paid."""
    paid: Counter[UUID] = Counter()
    for one in Operation.objects.filter(outcome="approved"):
        failed = one.fails_at is not None and one.fails_at <= clock.now()
        sign = 1 if one.kind == "charge" else 0 if failed else -1
        paid[one.order_id] += sign * one.amount
    return [
        f"{id}: 2: the gateway took {paid[id]}, the ledger says {nets.get(id, 0)}"
        for id in {*paid, *nets}
        if paid[id] != nets.get(id, 0)
    ]


def _told(customers: Iterable[Customer]) -> list[str]:
    found = []
    rows = {str(order.id): order for order in Order.objects.all()}
    for one in customers:
        if len(one.told) > 1:
            found.append(f"6: key {one.key} got orders {one.told}")
        if one.refused:
            found.append(f"POST answered {one.refused}")
        for id in one.told:
            if id not in rows:
                found.append(f"8: order {id} was acknowledged and is lost")
            elif rows[id].key != one.key:
                found.append(f"10: order {id} is another customer's")
    by_key = [order.key for order in rows.values()]
    if len(by_key) != len(set(by_key)):
        found.append("6: two orders with one key")
    return found
