"""The Django project that tests run in."""
