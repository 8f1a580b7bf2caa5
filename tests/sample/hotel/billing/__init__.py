"""Billing owns bills."""
