"""The demo's customers."""

from common.conf.people import CUSTOMERS, seed_admin, seed_customers


def seed() -> str:
    """Create the customers and the admin's user."""
    seed_admin()
    seed_customers()
    return f"customers {', '.join(CUSTOMERS)}"
