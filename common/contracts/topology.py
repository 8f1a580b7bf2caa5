"""Who sends requests to whom. Settings and the users of the bus follow from it."""

SERVICES = {
    "orders": ("orders", "inventory", "payments"),  # to itself: a wake-up
    "inventory": ("orders",),  # may this hold be released?
    "payments": ("orders",),  # a refund failed later
}
"""The services, each a project and an app of this name, and whom each may call."""

SERVING = tuple(SERVICES)
CALLS = SERVICES | {"suite": SERVING}  # the audit and the demo
"""Whom each user of the bus may call."""


def port(service: str) -> int:
    """Return where a service's pages are, unless a command says otherwise."""
    return 8000 + SERVING.index(service)
