"""Orders, the naive way."""
