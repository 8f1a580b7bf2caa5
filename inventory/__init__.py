"""Inventory owns products, list prices and stock."""
