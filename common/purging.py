"""What every service purges: who was logged in, and who failed to."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db.models import Model

from common import clock
from common.ops.purging import Delete, Keys, Purge


def _older(model: type[Model], field: str) -> Delete:
    def delete(keys: Keys, before: datetime) -> int:
        old: dict[str, Any] = {"pk__in": keys, f"{field}__lt": before}
        return model._default_manager.filter(**old).delete()[0]

    return delete


def _expired(keys: Keys, before: datetime) -> int:
    del before  # a session says itself how long it is needed
    old = Session.objects.filter(pk__in=keys, expire_date__lt=clock.now())
    return old.delete()[0]


def _purges() -> Iterator[Purge]:
    yield Purge("expired sessions", Session, _expired)
    yield Purge("wrong logins", AccessAttempt, _older(AccessAttempt, "attempt_time"))
    if apps.is_installed("rest_framework.authtoken"):
        from rest_framework.authtoken.models import Token

        yield Purge("API tokens", Token, _older(Token, "created"))


PURGES = tuple(_purges())
