"""Bookings owns bookings, and takes them through the other services."""
