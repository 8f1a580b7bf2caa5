"""The demo's products."""

from common.conf.people import seed_admin
from inventory import counters
from inventory.models import Product, Stock

PRODUCTS = (
    # SKU, name, price in cents, pieces on hand
    ("BEANS-250", "Coffee beans, 250 g", 890, 1000),
    ("BEANS-1000", "Coffee beans, 1 kg", 2990, 1000),
    ("BREWER", "Pour-over brewer", 2450, 1000),
    ("FILTERS", "Paper filters, 100 pieces", 420, 1000),
    ("GRINDER", "Hand grinder", 8900, 1000),
    ("KETTLE", "Gooseneck kettle", 5990, 1000),
    ("MUG", "Mug", 1250, 1000),
    ("MUG-TRAVEL", "Travel mug", 2190, 1000),
    ("SCALE", "Scale with timer", 3990, 1000),
    ("SERVER-600", "Glass server, 600 ml", 1990, 1000),
    ("TAMPER", "Tamper, 58 mm", 3490, 1000),
    ("LAST-CUP", "The last cup of its kind", 9900, 1),
    ("SOLD-OUT", "Cup that everybody wanted", 1500, 0),
)


def seed() -> str:
    """Create what is missing; what is there keeps its price and stock."""
    created = 0
    for sku, name, unit_price, pieces in PRODUCTS:
        _, new = Product.objects.get_or_create(
            sku=sku, defaults={"name": name, "unit_price": unit_price}
        )
        if new:
            created += 1
            Stock.objects.create(product_id=sku)
            if pieces:
                counters.receive(sku=sku, quantity=pieces, note="first delivery")
    seed_admin()
    return f"{created} products created, {Product.objects.count()} in all"
