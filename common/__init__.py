"""What the three services share: contracts, calls, the worker. It knows no service."""
