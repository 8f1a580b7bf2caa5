"""The connection (Django looks for it in a module of this name)."""

from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base

from common.conf.private import private_file


class DatabaseWrapper(base.DatabaseWrapper):
    """Makes a new database file 0600; SQLite gives -wal and -shm the same mode."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, after the file was made if there was none."""
        name = str(conn_params["database"])
        if name != ":memory:" and not name.startswith("file:"):
            private_file(Path(name))
        return super().get_new_connection(conn_params)
