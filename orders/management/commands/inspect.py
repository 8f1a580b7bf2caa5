"""`inspect`: what the three services know of an order, for the person on call."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from common import clock
from common.contracts.reports.inventory import AuditAllocations
from common.contracts.reports.payments import AuditCharges
from common.ops.printable import escaped
from common.rpc.errors import ServiceError
from common.rpc.process_client import call_sync
from common.saga import leases, timeline
from orders.models import Order, Status

PATIENCE = 3.0
"""Seconds that another service gets to answer."""
MOST = 200


class Command(BaseCommand):
    """Shows orders; without ids it lists those that need a person."""

    help = "Show all that is known of orders, or list those that need attention."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define which orders."""
        parser.add_argument("order", nargs="*", type=UUID, help="ids of orders")
        parser.add_argument(
            "--acknowledge", action="store_true", help="take the flags off these orders"
        )

    def handle(self, *, order: list[UUID], acknowledge: bool, **options: Any) -> None:
        """Show; ends with an error if an order is not known."""
        if acknowledge and not order:
            raise CommandError("--acknowledge: expected ids of orders")
        if not order:
            self._list()
        unknown = [id for id in order if not self._show(id, acknowledge=acknowledge)]
        if unknown:
            raise CommandError(f"no such order: {', '.join(map(str, unknown))}")

    def _list(self) -> None:
        overdue = Order.under_way() & Q(deadline__lt=clock.now())
        orders = Order.objects.filter(Q(needs_attention=True) | overdue)
        for order in orders.order_by("placed_at")[:MOST]:
            why = order.attention or f"overdue since {order.deadline:%F %T}"
            self.stdout.write(escaped(f"{order.id} {order.status:9} {why}"))
        self.stdout.write(f"{orders.count()} orders need attention")

    def _show(self, id: UUID, *, acknowledge: bool) -> bool:
        order = Order.objects.filter(id=id).first()
        if order is None:
            return False
        for line in self._lines(order):
            self.stdout.write(escaped(line))
        if acknowledge:
            leases.acknowledge(Order, id)
        return True

    def _lines(self, order: Order) -> Iterator[str]:
        ends = (
            f", will be {order.outcome}" if order.status == Status.COMPENSATING else ""
        )
        yield f"{order.id} {order.status}{ends}"
        if order.needs_attention:
            yield f"  ATTENTION      {order.attention}"
        if order.reason:
            yield f"  reason         {order.reason.get('detail', order.reason)}"
        lines = ", ".join(f"{n.quantity} × {n.sku}" for n in order.lines.all())
        yield f"  ordered        {lines}"
        yield f"  total          {order.total or 'not known'} {order.currency}"
        yield f"  deadline       {order.deadline:%F %T}"
        if order.next_attempt_at:
            tried = f"{order.attempts} attempts, {order.failures} failures in a row"
            yield f"  next attempt   {order.next_attempt_at:%F %T} ({tried})"
        yield f"  correlation    {order.correlation_id}"
        yield f"  inventory      {_asked(lambda: _stock_of(order.id))}"
        yield f"  payments       {_asked(lambda: _money_of(order.id))}"
        for entry in timeline.entries(order):
            what = f"{entry['service']}: {entry['step']}: {entry['outcome']}"
            yield f"  {entry['at']:%F %T.%f}"[:25] + f"  {what}"


def _asked(question: Callable[[], str]) -> str:
    try:
        return question()
    except ServiceError as error:
        return f"does not answer ({type(error).__name__})"


def _stock_of(id: UUID) -> str:
    found = call_sync(AuditAllocations(order_ids=(id,)), timeout=PATIENCE).allocations
    return (
        "knows nothing of it"
        if not found
        else (f"{found[0].state}, {found[0].outstanding} pieces taken or held")
    )


def _money_of(id: UUID) -> str:
    found = call_sync(AuditCharges(order_ids=(id,)), timeout=PATIENCE).charges
    return (
        "knows nothing of it"
        if not found
        else (f"{found[0].state}, {found[0].net} {found[0].currency} kept")
    )
