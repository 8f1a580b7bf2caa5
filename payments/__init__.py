"""Payments owns cards, charges and refunds."""
