"""Deleting what is old, in small transactions beside a service's work.

An application says in its module `purging` what it deletes, as a list `PURGES`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.utils.module_loading import module_has_submodule

from common.database import retried_transaction

AT_A_TIME = 500
"""Keys that one transaction looks at: it takes milliseconds, whatever has to go."""

Keys = Sequence[Any]
Delete = Callable[[Keys, datetime], int]
"""Deletes what is older and belongs to these keys; returns how many rows it changed."""


@dataclass(frozen=True)
class Purge:
    """One kind of rows that need not be kept for ever."""

    what: str
    model: type[Model]
    """The table whose keys are gone through."""
    delete: Delete
    keep: timedelta = timedelta(0)
    """How long they are needed at least."""
    because: str = ""
    """Who needs them as long as that."""

    def run(self, before: datetime) -> int:
        """Delete what is older, and return how many rows it was."""
        delete = retried_transaction(self.delete)
        return sum(delete(keys, before) for keys in _windows(self.model))


def of_all_apps() -> list[Purge]:
    """Return what the installed applications purge."""
    return [
        purge
        for app in apps.get_app_configs()
        if app.module and module_has_submodule(app.module, "purging")
        for purge in import_module(f"{app.name}.purging").PURGES
    ]


def _windows(model: type[Model]) -> Iterator[Keys]:
    """Yield all keys of a table, some at a time.

    No statement looks for what is old, since it might read the whole table in vain.
    """
    rows = model._default_manager.order_by("pk")
    after: Any = None
    while True:
        page = rows if after is None else rows.filter(pk__gt=after)
        keys = list(page.values_list("pk", flat=True)[:AT_A_TIME])
        if keys:
            yield keys
        if len(keys) < AT_A_TIME:
            return
        after = keys[-1]
