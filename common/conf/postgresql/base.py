"""Django's PostgreSQL, with a pool that looks at connections only after a rest.

The pool's own check is a round trip each time that a connection is taken: more than a
tenth of what a short transaction costs.
"""

import math
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool

RESTED = 1.0
"""Seconds after which a connection may have been lost without being noticed."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes connections from the pool, and replaces one that was lost in a rest."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection that is alive, or was a moment ago."""
        while True:
            connection = super().get_new_connection(conn_params)
            used_at = getattr(connection, "used_at", -math.inf)
            if not self.pool or time.monotonic() - used_at < RESTED:
                return connection
            try:
                ConnectionPool.check_connection(connection)
            except OperationalError:
                connection._pool.putconn(connection)  # which throws it away
            else:
                return connection

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.used_at = time.monotonic()
        super()._close()  # type: ignore[misc]  # the stubs lack it
