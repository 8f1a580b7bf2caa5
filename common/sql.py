"""The few statements that are written in SQL: the rules on the way of every order.

Each is one text for PostgreSQL and SQLite, and stands beside the rule that it is of;
the ORM is used everywhere else (`docs/design.md` tells why). SQLite knows no row locks
and needs none, since its transactions write one after the other.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import AutoField, Field, Model

ROW_LOCK = re.compile(r"\s+FOR UPDATE(?: OF \w+)?")
M = TypeVar("M", bound=Model)
Row = tuple[Any, ...]


def run(
    text: str, rows: Iterable[Sequence[object]] = (), **values: object
) -> list[Row]:
    """Run a statement and return the rows that it yields, none if it yields nothing.

    `%(name)s` stands for a value, and `{rows}` for a list of rows, as VALUES has it. A
    value is None, a bool, an int, a str, a UUID, a datetime, or a dict, which is JSON.
    """
    text, adapted = _prepared(text, rows, values)
    with connection.cursor() as cursor:
        cursor.execute(text, adapted)
        return cursor.fetchall() if cursor.description else []


def objects(
    model: type[M], text: str, rows: Iterable[Sequence[object]] = (), **values: object
) -> list[M]:
    """Run a statement that yields whole rows of a model, and return them as objects."""
    columns = ", ".join(f'"{one.column}"' for one in model._meta.concrete_fields)
    fields = model._meta.concrete_fields
    names, converters = [one.attname for one in fields], [*map(_converters, fields)]
    return [
        model.from_db(
            connection.alias, names, [*map(_converted, found, converters, fields)]
        )
        for found in run(text.replace("{columns}", columns), rows, **values)
    ]


def insert(rows: Sequence[M], *, unless: str = "") -> list[M]:
    """Insert rows of one model by one statement, and return them.

    With `unless`, the columns of a unique key, it leaves out the rows whose key is
    there already, or comes twice, and returns the others. Keys that the database makes
    are not read back.
    """
    if not rows:
        return []
    meta = rows[0]._meta
    fields = [one for one in meta.concrete_fields if not isinstance(one, AutoField)]
    columns = ", ".join(f'"{one.column}"' for one in fields)
    known = f" ON CONFLICT ({unless}) DO NOTHING RETURNING {meta.pk.column}"
    inserted = run(
        f"INSERT INTO {meta.db_table} ({columns}) VALUES {{rows}}"  # noqa: S608 ours
        + (known if unless else ""),
        [
            [
                one.get_db_prep_save(getattr(row, one.attname), connection)
                for one in fields
            ]
            for row in rows
        ],
    )
    if not unless:
        return list(rows)
    keys = {meta.pk.to_python(key) for (key,) in inserted}
    return [row for row in rows if row.pk in keys]


def uuid_of(value: object) -> UUID:
    """Return a UUID that a statement yielded; SQLite has it as text."""
    return value if isinstance(value, UUID) else UUID(str(value))


@cache
def _converters(field: "Field[Any, Any]") -> list[Callable[..., Any]]:
    """Return what makes Python's values of a column's, as the ORM does."""
    column = field.get_col(field.model._meta.db_table)
    of_database = connection.ops.get_db_converters(column)
    return [*of_database, *field.get_db_converters(connection)]


def _converted(
    value: Any, converters: list[Callable[..., Any]], field: "Field[Any, Any]"
) -> Any:
    for converter in converters:
        value = converter(value, field, connection)
    return value


def _prepared(
    text: str, rows: Iterable[Sequence[object]], values: dict[str, object]
) -> tuple[str, dict[str, Any]]:
    if "{rows}" in text:
        text = text.replace("{rows}", _placeholders(rows, values))
    if connection.vendor == "sqlite":
        text = ROW_LOCK.sub("", text)
    return text, {name: _adapted(value) for name, value in values.items()}


def _placeholders(rows: Iterable[Sequence[object]], values: dict[str, object]) -> str:
    lines = []
    for number, row in enumerate(rows):
        names = [f"row{number}_{column}" for column in range(len(row))]
        values.update(zip(names, row, strict=True))
        lines.append("(" + ", ".join(f"%({name})s" for name in names) + ")")
    return ", ".join(lines)


def _adapted(value: object) -> object:
    match value:
        case UUID() if not connection.features.has_native_uuid_field:
            return value.hex
        case datetime():
            return connection.ops.adapt_datetimefield_value(value)
        case dict():
            return connection.ops.adapt_json_value(value, None)
    return value
