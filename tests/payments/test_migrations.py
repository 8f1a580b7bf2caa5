"""A database of an earlier version keeps the demo gateway's books."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

OLD = {
    "payments_gatewayoperation": (
        "key varchar(80) PRIMARY KEY, kind varchar(10), order_id varchar(36), "
        "amount bigint, currency varchar(3), method varchar(80), outcome varchar(20), "
        "code varchar(40), at varchar(40), fails_at varchar(40)"
    ),
    "payments_gatewayfaults": "id integer PRIMARY KEY",
}


@pytest.mark.slow
def test_the_demo_gateway_takes_its_books_along(transactional_db: None) -> None:
    MigrationExecutor(connection).migrate([("demo_gateway", None)])
    columns = dict(OLD)
    if connection.vendor == "postgresql":
        typed = columns["payments_gatewayoperation"]
        typed = typed.replace("order_id varchar(36)", "order_id uuid")
        typed = typed.replace("at varchar(40)", "at timestamptz")
        columns["payments_gatewayoperation"] = typed
    with connection.cursor() as cursor:
        for table, fields in columns.items():
            cursor.execute(f"CREATE TABLE {table} ({fields})")
        cursor.execute(
            "INSERT INTO payments_gatewayoperation VALUES ('charge:1', 'charge', "
            "'6f9619ff8b86d011b42d00cf4fc964ff', 1999, 'EUR', 'pm', 'approved', '', "
            "'2026-01-01 00:00:00+00:00', NULL)"
        )

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    from payments.demo_gateway.models import Operation

    assert [one.key for one in Operation.objects.all()] == ["charge:1"]
    assert not OLD.keys() & {*connection.introspection.table_names()}
