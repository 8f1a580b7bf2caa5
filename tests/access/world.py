"""Two orders of different people, everybody who might want to see them, and a way back.

Runs under a project's own settings, on a database file of its own.
"""

import sqlite3
import uuid

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from tests.access import rows_of
from tests.access.expected import VISITORS
from tests.access.rows_of import ADAS, ANOTHERS, CARD, GUESTS, PASSWORD, UNKNOWN


class World:
    """The project's database as every request finds it."""

    def __init__(self) -> None:
        call_command("migrate", verbosity=0)
        self.people = {
            "ada": User.objects.create_user("ada", password=PASSWORD),
            "grace": User.objects.create_user("grace"),
            "clerk": User.objects.create_user("clerk", is_staff=True),
            "admin": User.objects.create_superuser("admin", password=PASSWORD),
        }
        Group.objects.create(name="a group")
        leaver = User.objects.create_user("leaver")  # nothing of ours names them
        self.names = {
            "adas": ADAS,
            "guests": GUESTS,
            "unknown": UNKNOWN,
            "card": CARD,
            "user": str(leaver.pk),
        }
        for service in settings.LIVING_HERE:
            getattr(rows_of, service)(self.people["ada"])
        self.headers = visitors(self.people)

        self._file = sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=20)
        self._file.execute("PRAGMA synchronous=OFF")
        self._kept = sqlite3.connect(":memory:")
        self._file.backup(self._kept)
        self._version = self._data_version()

    def restore(self) -> None:
        """Undo what requests did, if they did anything."""
        if self._data_version() != self._version:
            self._kept.backup(self._file)
            self._version = self._data_version()

    def _data_version(self) -> int:
        """Return a number that changes when another connection has written."""
        return int(self._file.execute("PRAGMA data_version").fetchone()[0])


def visitors(people: dict[str, User]) -> dict[str, dict[str, str]]:
    """Return the headers that each visitor sends.

    All send a CSRF token, as anybody can: it must never be what keeps somebody out.
    """
    csrf = "c" * 32
    sessions = {who: _session(person) for who, person in people.items()}
    sessions["broken"] = "0" * 32
    sent = {
        who: {
            "Cookie": f"{settings.CSRF_COOKIE_NAME}={csrf}"
            + (f"; {settings.SESSION_COOKIE_NAME}={cookie}" if cookie else ""),
            "X-CSRFToken": csrf,
        }
        for who in VISITORS
        for cookie in (sessions.get(who),)
    }
    sent["broken"]["Authorization"] = f"Token {'0' * 40}"
    sent["bearer"]["Authorization"] = "Bearer eyJhbGciOiJub25lIn0.e30."
    if apps.is_installed("rest_framework.authtoken"):
        sent["ada"]["Authorization"] = f"Token {_token(people['ada'])}"
    if apps.is_installed("orders"):
        from orders.access import guest_token

        sent["guest"]["Order-Token"] = guest_token(uuid.UUID(ANOTHERS))
        sent["holder"]["Order-Token"] = guest_token(uuid.UUID(GUESTS))
    return sent


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _token(person: User) -> str:
    from rest_framework.authtoken.models import Token

    return Token.objects.create(user=person).key
