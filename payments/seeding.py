"""Payments needs no data to begin with, only somebody who may look."""

from common.conf.people import seed_admin


def seed() -> str:
    """Create the admin's user."""
    seed_admin()
    return "nothing but the admin's user"
