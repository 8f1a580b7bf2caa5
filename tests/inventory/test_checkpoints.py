"""The audit of stock goes on from checkpoints, and checks those, too."""

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.db.models import F, Sum

from common.contracts.inventory import Line
from common.contracts.reports.inventory import (
    AuditLedger,
    AuditStock,
    LedgerSegment,
    LedgerSegments,
)
from common.rpc.contract import Request
from inventory import checkpoints, handlers, stock
from inventory.models import LedgerCheckpoint, Movement, Stock
from suite.audit import Audit
from suite.invariants import ledger_violations, stock_violations
from tests.rules import allocate, alone
from tests.suite.test_audit import Services

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a checkpoint of every ten movements."""
    monkeypatch.setattr(checkpoints, "SEGMENT", 10)


@pytest.fixture
def move(product: Callable[..., str], later: datetime) -> Callable[[], None]:
    """Return a function that moves two products by ten orders: 20 and 10 movements."""
    for sku in ("CUP", "MUG"):
        product(sku, on_hand=100)

    def orders() -> None:
        for number in range(10):
            order = uuid.uuid4()
            lines = [Line(sku="MUG", quantity=1), Line(sku="CUP", quantity=2)]
            lines = lines[: 1 + number % 2]
            allocate(order, lines, later)
            alone(stock.finalise if number % 3 else stock.release, order)

    return orders


def violations() -> list[str]:
    found: list[str] = []
    for account in handlers.audit_stock(AuditStock()).accounts:
        found += stock_violations(account)
    for segment in handlers.audit_ledger(AuditLedger(limit=200)).segments:
        found += ledger_violations(segment)
    return found


def made() -> dict[str, int]:
    """Return how many checkpoints each product has."""
    skus = LedgerCheckpoint.objects.values_list("product_id", flat=True)
    return dict(Counter(skus))


def test_sums_go_on_from_the_last_checkpoint(move: Callable[[], None]) -> None:
    move()
    assert violations() == []
    assert made() == {"CUP": 1, "MUG": 2}
    move()
    assert violations() == []
    assert made() == {"CUP": 2, "MUG": 4}
    for sku in ("CUP", "MUG"):
        last = LedgerCheckpoint.objects.filter(product_id=sku).latest("up_to")
        before = Movement.objects.filter(product_id=sku, id__lte=last.up_to)
        sums = before.aggregate(Sum("on_hand"), Sum("allocated"))
        assert list(sums.values()) == [last.on_hand, last.allocated]


def test_a_counter_that_the_ledger_does_not_explain_is_found(
    move: Callable[[], None],
) -> None:
    move()
    assert violations() == []
    Stock.objects.filter(product_id="MUG").update(on_hand=F("on_hand") + 1)
    assert len(violations()) == 1


@pytest.mark.parametrize("change", ["changed", "deleted", "added"])
def test_a_ledger_that_was_changed_before_a_checkpoint_is_found(
    change: str, move: Callable[[], None]
) -> None:
    move()
    assert violations() == []
    first = Movement.objects.filter(product_id="MUG").earliest("id")
    if change == "changed":
        Movement.objects.filter(id=first.id).update(on_hand=99)
    elif change == "deleted":
        first.delete()
    else:
        first.id, first.kind = first.id - 1, "restock"
        Movement.objects.filter(id=first.id).delete()
        first.save(force_insert=True)
    assert violations()


def test_a_checkpoint_that_was_changed_is_found(move: Callable[[], None]) -> None:
    move()
    assert violations() == []
    LedgerCheckpoint.objects.filter(product_id="CUP").update(on_hand=F("on_hand") + 1)
    found = violations()
    assert "on hand, ledger says" in found[0]
    assert "ledger was changed before checkpoint" in found[1]


def test_a_checkpoint_that_is_missing_makes_a_longer_segment(
    move: Callable[[], None],
) -> None:
    move()
    assert violations() == []
    LedgerCheckpoint.objects.filter(product_id="MUG").earliest("up_to").delete()
    assert violations() == []
    assert made() == {"CUP": 1, "MUG": 1}


def test_an_audit_makes_only_so_many_and_the_next_ones_the_others(
    move: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MOST_NEW", 2)
    move()
    assert violations() == []
    assert made() == {"CUP": 1, "MUG": 1}
    assert violations() == []
    assert made() == {"CUP": 1, "MUG": 2}


async def test_an_audit_takes_a_sample_or_the_whole() -> None:
    asked: list[AuditLedger] = []

    class Client:
        async def call(self, request: Request[Any]) -> Any:
            if not isinstance(request, AuditLedger):
                return await Services().call(request)
            asked.append(request)
            end = request.sample or request.after == 2
            wrong = LedgerSegment(
                id=request.after + 1,
                sku="MUG",
                on_hand=1,
                allocated=0,
                ledger_on_hand=2,
                ledger_allocated=0,
            )
            return LedgerSegments(segments=(wrong,), next=None if end else wrong.id)

    for whole, pages in ((False, 1), (True, 3)):
        asked.clear()
        looking = Audit(Client(), whole=whole)  # type: ignore[arg-type]
        found = [one async for one in looking.violations()]
        assert len(found) == len(asked) == pages
        assert {one.sample for one in asked} == {not whole}


def test_movements_are_committed_in_order_while_checkpoints_are_made(
    move: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SEGMENT", 3)

    def work() -> None:
        try:
            move()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as threads:
        at_work = [threads.submit(work) for _ in range(3)]
        while not all(one.done() for one in at_work):
            checkpoints.extend(after="", limit=100)
        for one in at_work:
            one.result()
    assert violations() == []
    assert made() == {"CUP": 10, "MUG": 20}


def test_a_ledger_of_an_earlier_version_gets_its_checkpoints(
    move: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = import_module("inventory.migrations.0005_checkpoints_of_old_ledgers")
    monkeypatch.setattr(migration, "SEGMENT", 10)
    move()
    migration.sum_up(apps, None)
    assert made() == {"CUP": 1, "MUG": 2}
    assert violations() == []
