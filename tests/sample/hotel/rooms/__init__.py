"""Rooms owns the rooms of each night."""
