"""`retry`: an operator's word that the trouble is over and orders may go on at once."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from common.contracts.orders import RunOrder
from common.rpc.process_client import notify_sync
from common.saga import leases
from orders.models import Order


class Command(BaseCommand):
    """Makes orders due that wait for their next attempt; harmless at any time."""

    help = "Run orders that are under way at once, instead of at their next attempt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define which orders."""
        parser.add_argument("order", nargs="*", type=UUID, help="ids of orders")
        parser.add_argument(
            "--all", action="store_true", help="all orders that are under way"
        )

    def handle(self, *, order: list[UUID], all: bool, **options: Any) -> None:
        """Retry; ends with an error if any of the given orders is not under way."""
        if all == bool(order):
            raise CommandError("expected ids of orders, or --all")
        under_way = Order.objects.filter(Order.under_way())
        ids = order or list(under_way.values_list("id", flat=True))
        refused = [id for id in ids if not self._retry(id)]
        if order and refused:
            raise CommandError(
                f"not under way: {', '.join(map(str, refused))}; see `inspect`"
            )

    def _retry(self, id: UUID) -> bool:
        if not leases.retry(Order, id):
            return False
        notify_sync(RunOrder(order_id=id))  # the sweeper comes, too, if this is lost
        self.stdout.write(f"{id}: due now")
        return True
