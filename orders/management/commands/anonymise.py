"""`anonymise`: take what names a customer out of orders' database."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand, CommandError
from rest_framework.authtoken.models import Token

from common.database import retried_transaction
from common.ops.printable import escaped
from orders.models import Order


class Command(BaseCommand):
    """Keeps the orders, which are the books, of somebody who has no name any more."""

    help = "Anonymise a customer: the orders stay, and name nobody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define who."""
        parser.add_argument("username", help="the customer's name at login")

    def handle(self, *, username: str, **options: Any) -> None:
        """Anonymise; ends with an error if that cannot be done now."""
        name, orders = _anonymise(username)
        self.stdout.write(escaped(f"{username} is {name} now, with {orders} orders"))


@retried_transaction
def _anonymise(username: str) -> tuple[str, int]:
    """Return the new name, and how many orders have it; raise CommandError if none."""
    customer = User.objects.filter(username=username).first()
    if customer is None:
        raise CommandError(escaped(f"no such customer: {username}"))
    if customer.is_staff or customer.is_superuser:
        raise CommandError(escaped(f"{username} is staff: expected a customer"))
    orders = Order.objects.filter(customer=customer)
    if under_way := orders.filter(Order.under_way()).count():
        raise CommandError(
            f"{under_way} orders are under way: expected none, so cancel them or wait"
        )
    Token.objects.filter(user=customer).delete()
    customer.username = f"anonymous-{customer.pk}"
    customer.first_name = customer.last_name = customer.email = ""
    customer.last_login = None
    customer.is_active = False  # this ends the sessions, too
    customer.set_unusable_password()
    customer.save()
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=customer.pk
    ).update(object_repr=customer.username, change_message="")
    changed = orders.update(
        key=None, fingerprint="", card_token="", correlation_id="", traceparent=""
    )
    return customer.username, changed
