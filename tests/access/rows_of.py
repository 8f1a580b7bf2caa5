"""The rows of each service that the table's URLs name."""

import uuid

from django.contrib.auth.models import User

from common import clock

ADAS, GUESTS, ANOTHERS, UNKNOWN = (str(uuid.UUID(int=n, version=4)) for n in range(4))
CARD = "card_that_is_adas"
PASSWORD = "correct horse"
SECRETS = {ADAS: "SKU-OF-ADA", GUESTS: "SKU-OF-GUEST"}
"""What stands in an order and nowhere else."""


def orders(ada: User) -> None:
    """Place an order of a customer, and two of guests."""
    from orders.models import Order

    for id, customer in ((ADAS, ada), (GUESTS, None), (ANOTHERS, None)):
        order = Order.objects.create(
            id=id,
            customer=customer,
            key_scope=f"customer:{customer.pk}" if customer else "guests",
            key=f"key-of-{id}",
            status="placed",
            card_token=CARD,
            correlation_id="test-correlation",
            placed_at=clock.now(),
            deadline=clock.after(3600),
        )
        order.lines.create(sku=SECRETS.get(id, "SKU"), quantity=1)


def inventory(ada: User) -> None:
    """Receive a product, and set some of it aside."""
    from inventory import counters
    from inventory.models import Allocation, Product, Stock

    Product.objects.create(sku="MUG", name="Mug", unit_price=100)
    Stock.objects.create(product_id="MUG")
    counters.receive(sku="MUG", quantity=1)
    Allocation.objects.create(order_id=ADAS, state="held", decided_at=clock.now())


def payments(ada: User) -> None:
    """Keep a card, and charge it."""
    from payments.demo_gateway.models import Operation
    from payments.models import Card, Charge

    now = clock.now()
    what = {"amount": 100, "currency": "EUR"}
    Card.objects.create(
        token=CARD, method="pm", brand="visa", last4="4242", created_at=now
    )
    charge = Charge.objects.create(
        order_id=ADAS, state="charged", card_token=CARD, opened_at=now, **what
    )
    charge.entries.create(kind="charge", at=now, **what)
    Operation.objects.create(
        key="charge", kind="charge", order_id=ADAS, outcome="approved", at=now, **what
    )
