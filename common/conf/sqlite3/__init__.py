"""Django's SQLite backend, with files that their owner alone may read."""
