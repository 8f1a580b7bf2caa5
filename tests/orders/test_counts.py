"""How many statements, transactions and hops to a thread an order takes, exactly.

The figures go down, and whoever makes one go up says why. The demo gateway's books are
not ours, and not counted.
"""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from common.contracts.topology import SERVING
from common.database import POOL
from common.threads import Threads
from orders import states
from orders.models import Order
from orders.orchestrator import orchestrator

pytestmark = pytest.mark.django_db(transaction=True)
Place = Callable[..., Order]
OWNED = re.compile(r"\b(orders|inventory|payments|demo_gateway)_[a-z]")
DECLINED = "4000000000000002"


class Counts:
    """What was done in the databases since the block began."""

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()
        self.transactions: Counter[str] = Counter()
        self.hops = 0

    def told(self) -> list[str | int]:
        """Return statements and transactions of each service, and hops to a thread."""
        return [
            *(
                f"{self.statements[name]} in {self.transactions[name]}"
                for name in SERVING
            ),
            self.hops,
        ]


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counts]:
    """Count until the block ends."""
    counts, open_one = Counts(), threading.local()
    execute = CursorWrapper._execute_with_wrappers
    commit, put = BaseDatabaseWrapper.commit, Threads.put

    def count_statement(
        self: Any, sql: str, params: Any, many: bool, executor: Any
    ) -> Any:
        if found := OWNED.search(sql):
            owner = found[1]
            counts.statements[owner] += 1
            if self.db.in_atomic_block:
                open_one.owner = owner
            else:
                counts.transactions[owner] += 1
        return execute(self, sql, params, many, executor)

    def count_commit(self: Any) -> None:
        counts.transactions[getattr(open_one, "owner", "")] += 1
        commit(self)

    def count_hop(self: Threads, *args: Any) -> Any:
        counts.hops += self.name == POOL
        return put(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(CursorWrapper, "_execute_with_wrappers", count_statement)
        patch.setattr(BaseDatabaseWrapper, "commit", count_commit)
        patch.setattr(Threads, "put", count_hop)
        yield counts


def made(placed: Place) -> Callable[[], object]:
    placed()  # with product and card
    return placed


def run(placed: Place, *card: str, pieces: int = 2) -> Callable[[], object]:
    order = placed(*card, MUG=pieces)
    return lambda: asyncio.run(orchestrator.run(order.id))


def cancelled(placed: Place) -> Callable[[], object]:
    order = placed(MUG=2)
    asyncio.run(orchestrator.run(order.id))

    def cancel() -> None:
        assert states.cancel(order.id)
        asyncio.run(orchestrator.run(order.id))

    return cancel


Prepare = Callable[[Place], Callable[[], object]]
ORDERS: dict[str, tuple[Prepare, str, str, str, int]] = {
    # orders, inventory, payments (statements in transactions), hops to a thread
    "made": (made, "4 in 1", "0 in 0", "1 in 1", 0),  # payments: the card
    "confirmed": (run, "7 in 3", "8 in 2", "3 in 2", 9),
    "out of stock": (
        lambda placed: run(placed, pieces=99),
        *("10 in 4", "7 in 2", "3 in 1", 7),
    ),
    "declined": (
        lambda placed: run(placed, DECLINED),
        *("12 in 5", "8 in 2", "4 in 3", 12),
    ),
    "cancelled": (cancelled, "8 in 3", "4 in 1", "6 in 2", 7),
}


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_takes_exactly(
    order: str, placed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, *expected = ORDERS[order]
    act = prepare(placed)
    with counted(monkeypatch) as counts:
        act()
    assert counts.told() == expected
