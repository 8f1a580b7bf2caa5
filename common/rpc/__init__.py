"""Asking a service over a channel layer, and being asked: request and reply."""
