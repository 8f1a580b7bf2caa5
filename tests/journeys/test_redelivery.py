"""At-least-once is harmless: every message may come again, side by side and late."""

import pkgutil
import uuid
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from common import contracts
from common.contracts.demo_gateway import SetGatewayFaults
from common.contracts.orders import GetOrderOutcome, NoteRefundFailed
from common.contracts.reports.inventory import (
    AuditAllocations,
    AuditLedger,
    AuditStock,
    ListProducts,
)
from common.contracts.reports.orders import AuditOrders
from common.contracts.reports.payments import AuditCharges
from common.rpc.contract import CONTRACTS, Request
from tests.journeys.conftest import Running
from tests.journeys.tap import Sent, Tap

pytestmark = pytest.mark.journey

COPIES = 4
TABLES = {
    "orders": ("orders_order", "orders_statustransition"),
    "inventory": (
        "inventory_stock",
        "inventory_allocation",
        "inventory_allocationline",
        "inventory_movement",
    ),
    "payments": (
        "payments_charge",
        "payments_entry",
        "demo_gateway_operation",
        "demo_gateway_faults",
    ),
}
WHEN = {"attempts", "next_attempt_at", "checks", "notify_orders_at"}
"""Columns that say when somebody looked, not what is so."""


@pytest.fixture
def two_workers_each(running: Running) -> Iterator[None]:
    """Run a second worker of every service, so that copies are served side by side."""
    second = [running.suite.worker(name, 2) for name in running.suite.services]
    running.supervisor.start(*second)
    yield
    for program in second:
        running.supervisor.stop(program.name)


def everything(running: Running) -> dict[str, object]:
    """Read all rows that matter from the three databases."""
    return {
        table: sorted(
            repr({name: row[name] for name in row if name not in WHEN})
            for row in running.rows(service, f"SELECT * FROM {table}")  # noqa: S608
        )
        for service, tables in TABLES.items()
        for table in tables
    }


def answered(running: Running, sent: Sent) -> int:
    """Count how often the workers logged that they answered a message's method."""
    words = (f"method={sent.method} ", "request answered")
    return sum(all(word in line for word in words) for line in list(running.log))


def redeliver(running: Running, tap: Tap, messages: list[Sent]) -> None:
    """Send messages again, some copies each, and wait until all were answered."""
    before = [answered(running, sent) for sent in messages]
    tap.redeliver(messages, copies=COPIES)
    for sent, count in zip(messages, before, strict=True):
        running.until(
            lambda sent=sent, count=count: answered(running, sent) >= count + COPIES
        )


def test_every_message_of_an_orders_way_may_come_again(
    running: Running, two_workers_each: None
) -> None:
    card = running.shop.card()
    with Tap(running.bus_url) as tap:
        placed = running.shop.place({"MUG": 2, "FILTERS": 1}, card, wait=20).json()
        order = {"order_id": placed["id"], "token": placed["token"]}
        assert placed["status"] == "confirmed"
        do = tap.with_word(placed["id"])
        assert {sent.method for sent in do} == {
            "RunOrder",
            "AllocateInventory",
            "ChargeCard",
            "FinaliseInventory",
        }
        before = everything(running)
        redeliver(running, tap, do)
        assert everything(running) == before

        assert running.shop.cancel(**order).status_code == 202
        assert running.shop.ended(**order)["status"] == "cancelled"
        undo = [sent for sent in tap.with_word(placed["id"]) if sent not in do]
        methods = {sent.method for sent in undo}
        assert {"RefundCharge", "ReleaseInventory"} <= methods
        before = everything(running)
        redeliver(running, tap, undo)  # the undo again
        late = [sent.with_more_time() for sent in do]
        redeliver(running, tap, late)  # and the do after the undo
        running.until(lambda: running.queued() == 0)
        assert everything(running) == before


def test_a_step_that_is_overtaken_by_its_compensation_has_no_effect(
    running: Running, two_workers_each: None
) -> None:
    """Keep the do from the workers until the order was cancelled and undone."""
    card = running.shop.card()
    running.supervisor.kill("inventory worker")
    running.supervisor.stop("inventory worker 2")
    with Tap(running.bus_url) as tap:
        placed = running.shop.place({"MUG": 1}, card).json()
        order = {"order_id": placed["id"], "token": placed["token"]}
        running.until(
            lambda: any(
                sent.method == "AllocateInventory"
                for sent in tap.with_word(placed["id"])
            )
        )
        late = [
            sent
            for sent in tap.with_word(placed["id"])
            if sent.method == "AllocateInventory"
        ]
        running.forget("inventory.request")
        running.shop.cancel(**order)
        running.restart("inventory worker")
        running.supervisor.start(running.suite.worker("inventory", 2))
        assert running.shop.ended(**order)["status"] == "cancelled"
        before = everything(running)
        redeliver(running, tap, [sent.with_more_time() for sent in late])
        assert everything(running) == before


def others(order_id: uuid.UUID) -> list[Request[Any]]:
    """Return the requests that are not of an order's way."""
    return [
        ListProducts(),
        AuditStock(),
        AuditLedger(),
        AuditAllocations(order_ids=(order_id,)),
        AuditCharges(order_ids=(order_id,)),
        AuditOrders(order_ids=(order_id,)),
        GetOrderOutcome(order_id=order_id),
        NoteRefundFailed(order_id=order_id, refund=1),
        SetGatewayFaults(),
    ]


def test_the_other_requests_may_come_again_too(
    running: Running, two_workers_each: None
) -> None:
    placed = running.shop.place({"MUG": 1}, running.shop.card(), wait=20).json()
    order_id = uuid.UUID(placed["id"])
    requests = others(order_id)
    with Tap(running.bus_url) as tap:
        for request in requests:
            running.ask(request)
        sent = list(tap.sent)
        assert {s.method for s in sent} == {type(r).__name__ for r in requests}
        before = everything(running)
        redeliver(running, tap, sent)
        assert everything(running) == before


def test_no_request_type_was_left_out() -> None:
    """These journeys together redeliver every contract that there is."""
    of_the_way = {
        "RunOrder",
        "AllocateInventory",
        "ChargeCard",
        "FinaliseInventory",
        "RefundCharge",
        "ReleaseInventory",
    }
    for module in pkgutil.walk_packages(contracts.__path__, f"{contracts.__name__}."):
        import_module(module.name)
    ours = ("common.contracts.", "payments.demo_gateway.")
    declared = {c.__name__ for c in CONTRACTS.values() if c.__module__.startswith(ours)}
    assert declared == of_the_way | {type(r).__name__ for r in others(uuid.uuid4())}
