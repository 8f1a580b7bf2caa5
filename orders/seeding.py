"""The demo's customers."""

from common.conf.people import seed_admin, seed_customers

CUSTOMERS = ("ada", "grace")


def seed() -> str:
    """Create the customers and the admin's user."""
    seed_admin()
    seed_customers(*CUSTOMERS)
    return f"customers {', '.join(CUSTOMERS)}"
