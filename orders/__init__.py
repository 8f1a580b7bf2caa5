"""Orders owns orders and their pricing, and runs them through the other services."""
