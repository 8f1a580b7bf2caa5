"""Django's sessions in the database, under keys that Django itself may have made."""

import re

from django.contrib.sessions.backends import db

KEY = re.compile(r"[0-9a-z]{32}")


class SessionStore(db.SessionStore):
    """A cookie of another form opens nothing; PostgreSQL would fail on a NUL in it."""

    def _validate_session_key(self, key: str | None) -> bool:
        return KEY.fullmatch(key or "") is not None
