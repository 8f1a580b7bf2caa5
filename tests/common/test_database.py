"""Rules run again when another transaction was first, and not for anything else."""

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError

from common.database import Conflict, retried_transaction

pytestmark = pytest.mark.django_db(transaction=True)


class Collision(Exception):
    """What a driver raises; PostgreSQL's has the error's code."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def operational(sqlstate: str) -> OperationalError:
    error = OperationalError(sqlstate)
    error.__cause__ = Collision(sqlstate)
    return error


@pytest.mark.parametrize(
    "error", [Conflict(), IntegrityError(), operational("40P01"), operational("40001")]
)
def test_who_loses_looks_again(error: Exception) -> None:
    errors = [error]

    @retried_transaction
    def second_time_lucky() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert second_time_lucky() == "done"


def test_a_conflict_that_stays_is_an_error_in_the_end() -> None:
    @retried_transaction
    def hopeless() -> None:
        raise Conflict

    with pytest.raises(DatabaseError, match="hopeless: still a conflict"):
        hopeless()


@pytest.mark.parametrize("sqlstate", ["57014", "55P03", "08006"])
def test_a_timeout_or_a_lost_connection_is_not_a_conflict(sqlstate: str) -> None:
    calls = []

    @retried_transaction
    def fails() -> None:
        calls.append(1)
        raise operational(sqlstate)

    with pytest.raises(OperationalError):
        fails()
    assert len(calls) == 1
