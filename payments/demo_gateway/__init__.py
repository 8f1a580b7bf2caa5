"""A card gateway for demonstrations: an app of its own, with books and faults.

It is installed only where PAYMENTS_GATEWAY names it; delete the folder when yours is
there. import-linter keeps the rest of payments from importing it.
"""
