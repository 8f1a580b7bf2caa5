"""Who sends requests to whom. Settings and the users of the bus follow from it."""

SERVING = ("orders", "inventory", "payments")
"""The services, each a project and an app of this name."""

CALLS = {
    "orders": ("orders", "inventory", "payments"),  # to itself: a wake-up
    "inventory": ("orders",),  # may this hold be released?
    "payments": ("orders",),  # a refund failed later
    "suite": SERVING,  # the audit and the demo
}
"""The services that each may call, by caller."""
