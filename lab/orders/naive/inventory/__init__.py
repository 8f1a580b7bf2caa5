"""Inventory, the naive way."""
