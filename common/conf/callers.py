"""Who sends requests to whom. Settings and the users of the bus follow from it."""

CALLS = {
    "orders": ("orders", "inventory", "payments"),  # to itself: a wake-up
    "inventory": ("orders",),  # may this hold be released?
    "payments": ("orders",),  # a refund failed later
    "suite": ("orders", "inventory", "payments"),  # the audit and the demo
}
"""The services that each may call, by caller."""
