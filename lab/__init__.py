"""The talk's trade-offs as experiments."""
