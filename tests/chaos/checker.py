"""Holds the databases against the invariants, and against what customers were told."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.contracts.orders import ENDED
from suite import audit
from suite.client import connect
from tests.chaos.shoppers import History
from tests.chaos.stage import Stage

OPEN = """
    SELECT count(*) AS open FROM orders_order
    WHERE status IN ('placed', 'compensating')
"""
ORDERS = "SELECT id, key, status FROM orders_order"
ENDS = """
    SELECT o.placed_at, m.at, m."end" FROM orders_order o
    JOIN orders_statustransition m ON m.order_id = o.id
    WHERE m."end" IN ('confirmed', 'rejected', 'cancelled', 'expired')
"""
LEDGER = "SELECT charge_id, SUM(amount) AS sum FROM payments_entry GROUP BY charge_id"
BOOKS = """
    SELECT order_id, kind, amount, fails_at FROM demo_gateway_operation
    WHERE outcome = 'approved'
"""


def wait_for_the_end(stage: Stage, within: float) -> float | None:
    """Return the seconds until no order was open any more; None if some still are."""
    begun = time.monotonic()
    while time.monotonic() < begun + within:
        if stage.databases.rows("orders", OPEN) == [{"open": 0}]:
            return time.monotonic() - begun
        time.sleep(0.2)
    return None


def violations(stage: Stage, histories: Iterable[History]) -> list[str]:
    """Return everything that is wrong, when all orders should have ended."""
    orders = {
        str(UUID(str(id))): (key, status)
        for id, key, status in _rows(stage, "orders", ORDERS)
    }
    found = [what for one in histories for what in _told(one, orders)]
    by_key = Counter(key for key, _ in orders.values())
    found += [f"6: {n} orders with key {key}" for key, n in by_key.items() if n > 1]
    found += asyncio.run(_audit(stage.bus_url))
    return found + _books(stage)


def ends(stage: Stage) -> list[tuple[datetime, datetime, str]]:
    """Return of each end of an order when it was placed, when it ended, and how."""
    return [
        (_moment(placed), _moment(at), str(end))
        for placed, at, end in _rows(stage, "orders", ENDS)
    ]


def _rows(stage: Stage, service: str, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in stage.databases.rows(service, query)]


def _told(one: History, orders: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Invariants 6, 8 and 10, and that what a customer was shown stayed true."""
    if len(one.ids) > 1:
        yield f"6: key {one.key} was answered with {sorted(one.ids)}"
    if one.refused:
        yield f"POST with key {one.key} was answered {one.refused}"
    for id in one.ids:
        if id not in orders:
            yield f"8: order {id} was acknowledged and is lost"
            continue
        key, status = orders[id]
        if key != one.key:
            yield f"10: order {id} has key {key}, its customer sent {one.key}"
        if status not in ENDED:
            yield f"5: order {id} is still {status}"
        if 202 in one.cancels and status != "cancelled":
            yield f"order {id} was said to be cancelled, and is {status}"
        for seen in one.seen:
            moved_on = seen == "confirmed" and status == "cancelled"
            if seen in ENDED and seen != status and not (moved_on and one.cancel_tried):
                yield f"9: order {id} was shown as {seen}, and is {status}"


async def _audit(bus_url: str) -> list[str]:
    client = connect(bus_url, "checker")
    try:
        look = audit.Audit(client)
        return [f"{id}: {what}" async for id, what in look.violations()]
    finally:
        await client.close()


def _books(stage: Stage) -> list[str]:
    """Hold payments' ledger against the gateway's own books.

    A refund that failed a moment ago may not have been noticed yet.
    """
    for _ in range(30):
        paid: Counter[str] = Counter()
        now = datetime.now(UTC)
        for id, kind, amount, fails_at in _rows(stage, "payments", BOOKS):
            failed = fails_at is not None and _moment(fails_at) <= now
            sign = 1 if kind == "charge" else 0 if failed else -1
            paid[str(UUID(str(id)))] += sign * amount
        ledger: Counter[str] = Counter()
        for id, amount in _rows(stage, "payments", LEDGER):
            ledger[str(UUID(str(id)))] = int(amount)
        wrong = [id for id in {*paid, *ledger} if paid[id] != ledger[id]]
        if not wrong:
            return []
        time.sleep(1)
    return [
        f"{id}: 2: the gateway took {paid[id]}, the ledger says {ledger[id]}"
        for id in wrong
    ]


def _moment(value: object) -> datetime:
    """Return a moment as SQLite (text) or PostgreSQL gives it."""
    if isinstance(value, datetime):
        return value
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
