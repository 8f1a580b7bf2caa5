"""Whole orders, from the request to `confirmed`: this suite beside others."""
