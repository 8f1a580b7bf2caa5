"""Django's PostgreSQL backend, with fewer round trips for what its pool hands out."""
