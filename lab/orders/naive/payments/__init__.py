"""Payments, the naive way."""
