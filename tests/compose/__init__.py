"""`make compose-test`: docker-compose.yml on a real engine, and disturbed."""
