"""The audit sees what is wrong, and leaves alone what is not."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, count, cycle
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from common import clock
from common.contracts.reports.inventory import (
    AllocationFacts,
    AllocationsFound,
    AuditAllocations,
    AuditLedger,
    AuditStock,
    LedgerSegments,
    StockAccount,
    StockAccounts,
)
from common.contracts.reports.orders import (
    AuditOrders,
    OrderFacts,
    OrdersFound,
    OrderTransition,
)
from common.contracts.reports.payments import AuditCharges, ChargeFacts, ChargesFound
from common.rpc.contract import Request
from common.rpc.errors import ContractBroken
from suite import audit
from suite.audit import Audit
from suite.invariants import order_violations, stock_violations

ID = uuid4()
DEADLINE = clock.now()
EARLIER = DEADLINE - timedelta(seconds=30)


def transitions(*statuses: str) -> tuple[OrderTransition, ...]:
    starts = ("", *statuses[:-1])
    return tuple(
        OrderTransition(start=s, end=e) for s, e in zip(starts, statuses, strict=True)
    )


CONFIRMED = OrderFacts(
    order_id=ID,
    status="confirmed",
    total=500,
    currency="EUR",
    quantity=2,
    needs_attention=False,
    deadline=DEADLINE,
    overdue=False,
    transitions=transitions("placed", "confirmed"),
    attempts=1,
)
CANCELLED = replace(
    CONFIRMED,
    status="cancelled",
    transitions=transitions("placed", "confirmed", "compensating", "cancelled"),
)
CHARGED = ChargeFacts(
    order_id=ID,
    state="charged",
    amount=500,
    currency="EUR",
    net=500,
    charges=1,
    failed_refunds=0,
    opened_at=EARLIER,
    deadline=DEADLINE,
)
REFUNDED = replace(CHARGED, state="refunded", net=0)
FINALISED = AllocationFacts(
    order_id=ID,
    state="finalised",
    quantity=2,
    outstanding=2,
    decided_at=EARLIER,
    deadline=DEADLINE,
)
RELEASED = replace(FINALISED, state="released", outstanding=0)
LATE = DEADLINE + timedelta(seconds=1)


def test_what_is_right_is_left_alone() -> None:
    assert not list(order_violations(CONFIRMED, CHARGED, FINALISED))
    assert not list(order_violations(CANCELLED, REFUNDED, RELEASED))
    voided = replace(REFUNDED, state="voided", amount=0, deadline=None, opened_at=LATE)
    rejected = replace(
        CANCELLED,
        status="rejected",
        transitions=transitions("placed", "compensating", "rejected"),
    )
    short = replace(RELEASED, state="short")
    assert not list(order_violations(rejected, voided, short))


def test_a_refund_that_failed_late_is_no_violation_once_it_is_flagged() -> None:
    retrying = replace(CHARGED, state="refunding", failed_refunds=1)
    flagged = replace(CANCELLED, needs_attention=True)
    assert not list(order_violations(flagged, retrying, RELEASED))
    assert list(order_violations(CANCELLED, retrying, RELEASED))
    never_failed = replace(retrying, failed_refunds=0)
    assert list(order_violations(flagged, never_failed, RELEASED))


WRONG: dict[str, tuple[OrderFacts, ChargeFacts | None, AllocationFacts | None, str]] = {
    "charged twice": (CONFIRMED, replace(CHARGED, charges=2), FINALISED, "2"),
    "another amount": (CONFIRMED, replace(CHARGED, net=499), FINALISED, "2"),
    "another currency": (CONFIRMED, replace(CHARGED, currency="USD"), FINALISED, "2"),
    "confirmed, not charged": (CONFIRMED, None, FINALISED, "3"),
    "confirmed, refunded": (CONFIRMED, REFUNDED, FINALISED, "3"),
    "confirmed, held": (CONFIRMED, CHARGED, replace(FINALISED, state="held"), "3"),
    "confirmed, nothing held": (CONFIRMED, CHARGED, None, "3"),
    "too little taken": (CONFIRMED, CHARGED, replace(FINALISED, outstanding=1), "3"),
    "cancelled, charged": (CANCELLED, CHARGED, RELEASED, "4"),
    "cancelled, no tombstone": (CANCELLED, None, RELEASED, "4"),
    "cancelled, still held": (CANCELLED, REFUNDED, replace(FINALISED), "4"),
    "cancelled, ledger holds": (
        CANCELLED,
        REFUNDED,
        replace(RELEASED, outstanding=1),
        "4",
    ),
    "cancelled, money kept": (CANCELLED, replace(REFUNDED, net=1), RELEASED, "4"),
    "overdue": (
        replace(
            CONFIRMED, status="placed", overdue=True, transitions=transitions("placed")
        ),
        CHARGED,
        FINALISED,
        "5",
    ),
    "allocated late": (CONFIRMED, CHARGED, replace(FINALISED, decided_at=LATE), "7"),
    "charged late": (CONFIRMED, replace(CHARGED, opened_at=LATE), FINALISED, "7"),
    "a forbidden move": (
        replace(
            CONFIRMED, transitions=transitions("placed", "compensating", "confirmed")
        ),
        CHARGED,
        FINALISED,
        "9",
    ),
    "a gap in the history": (
        replace(CONFIRMED, transitions=transitions("placed")),
        CHARGED,
        FINALISED,
        "9",
    ),
    "no history": (replace(CONFIRMED, transitions=()), CHARGED, FINALISED, "9"),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_violation_is_found_and_numbered(case: str) -> None:
    order, charge, allocation, number = WRONG[case]
    found = list(order_violations(order, charge, allocation))
    assert [what.partition(":")[0] for what in found] == [number]


GOOD_STOCK = StockAccount(
    sku="MUG", on_hand=5, allocated=2, ledger_on_hand=5, ledger_allocated=2, held=2
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_hand": 1, "ledger_on_hand": 1},
        {"ledger_on_hand": 6},
        {"ledger_allocated": 3},
        {"held": 1},
    ],
)
def test_each_wrong_stock_account_is_found(wrong: dict[str, int]) -> None:
    assert not list(stock_violations(GOOD_STOCK))
    assert len(list(stock_violations(replace(GOOD_STOCK, **wrong)))) == 1


@dataclass
class Services:
    """Three services that answer the audit's questions from lists of facts."""

    orders: dict[UUID, OrderFacts] = field(default_factory=dict)
    charges: dict[UUID, ChargeFacts] = field(default_factory=dict)
    allocations: dict[UUID, AllocationFacts] = field(default_factory=dict)
    looks: int = 0

    async def call(self, request: Request[Any]) -> Any:
        match request:
            case AuditStock():
                return StockAccounts(accounts=(), next=None)
            case AuditLedger():
                return LedgerSegments(segments=(), next=None)
            case AuditOrders(order_ids=ids):
                self.looks += ids is not None
                return OrdersFound(orders=self._some(self.orders, ids), next=None)
            case AuditCharges(order_ids=ids):
                return ChargesFound(charges=self._some(self.charges, ids), next=None)
            case AuditAllocations(order_ids=ids):
                found = self._some(self.allocations, ids)
                return AllocationsFound(allocations=found, next=None)

    @staticmethod
    def _some(facts: dict[UUID, Any], ids: tuple[UUID, ...] | None) -> tuple[Any, ...]:
        return tuple(f for id, f in facts.items() if ids is None or id in ids)


async def violations(services: Services) -> tuple[Audit, list[tuple[str, str]]]:
    looking = Audit(services)  # type: ignore[arg-type]
    return looking, [found async for found in looking.violations()]


@pytest.fixture(autouse=True)
def no_pause_between_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAUSE", 0.0)


async def test_orders_under_way_are_not_judged() -> None:
    placed = replace(CONFIRMED, status="placed", transitions=transitions("placed"))
    looking, found = await violations(Services(orders={ID: placed}))
    assert (looking.judged, found) == (0, [])


async def test_a_suspect_is_looked_at_again_before_it_is_called_so() -> None:
    services = Services({ID: CONFIRMED}, {}, {ID: FINALISED})
    looking, found = await violations(services)
    assert found == [(str(ID), "3: confirmed, charge is none")]
    orphans = 1
    assert services.looks == 2 * audit.LOOKS + orphans
    assert looking.judged == 1


async def test_an_order_that_changes_meanwhile_is_left_for_later() -> None:
    services = Services({ID: CONFIRMED}, {ID: REFUNDED}, {ID: RELEASED})
    answer, statuses = services.call, ["confirmed", "compensating"]

    async def call(request: Request[Any]) -> Any:
        if isinstance(request, AuditOrders) and request.order_ids:
            status = statuses[services.looks % 2]
            services.orders[ID] = replace(CONFIRMED, status=status)
        return await answer(request)

    services.call = call  # type: ignore[method-assign]
    looking, found = await violations(services)
    assert found == []
    assert (looking.judged, looking.left) == (0, 1)


async def test_an_order_that_is_left_out_of_the_answer_is_named() -> None:
    services = Services({ID: CONFIRMED}, {ID: CHARGED}, {ID: FINALISED})
    answer = services.call

    async def call(request: Request[Any]) -> Any:
        if isinstance(request, AuditOrders) and request.order_ids:
            return OrdersFound(orders=(), next=None)
        return await answer(request)

    services.call = call  # type: ignore[method-assign]
    _, found = await violations(services)
    assert found[0] == (str(ID), audit.LEFT_OUT)


def listing(ids: Iterator[UUID | str]) -> Callable[[Request[Any]], Any]:
    """Return a service whose listings go on with these ids."""

    async def call(request: Request[Any]) -> Any:
        await asyncio.sleep(0)
        match request:
            case AuditStock() if isinstance(first, str):
                sku = str(next(keys))
                account = replace(GOOD_STOCK, sku=sku)
                return StockAccounts(accounts=(account,), next=sku)
            case AuditStock():
                return StockAccounts(accounts=(), next=None)
            case AuditLedger():
                return LedgerSegments(segments=(), next=None)
            case AuditOrders():
                id = next(keys)
                placed = replace(CONFIRMED, order_id=id, status="placed")
                return OrdersFound(orders=(placed,), next=id)

    first = next(ids)
    keys = chain((first,), ids)
    return call


ENDLESS: dict[str, Callable[[], Iterator[UUID | str]]] = {
    "a cycle of orders": lambda: cycle([UUID(int=1), UUID(int=2)]),
    "a cycle of products": lambda: cycle(["A", "B", "C"]),
    "orders in no order": lambda: (uuid4() for _ in count()),
    "ever more orders": lambda: map(lambda n: UUID(int=n), count(1)),
    "ever more products": lambda: map(str, count()),
}


@pytest.mark.parametrize("case", ENDLESS)
async def test_a_listing_without_an_end_is_said_to_be_one(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_PAGES", 300)
    services = Services()
    services.call = listing(ENDLESS[case]())  # type: ignore[method-assign]
    with pytest.raises(ContractBroken, match="has no end"):
        async with asyncio.timeout(5):
            await violations(services)


async def test_what_was_found_before_a_service_failed_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Client:
        async def call(self, request: Request[Any]) -> Any:
            if isinstance(request, AuditStock):
                wrong = replace(GOOD_STOCK, sku="A\x1b[2J", held=1)
                return StockAccounts(accounts=(wrong,), next=None)
            raise ContractBroken("no\nway")

        async def close(self) -> None: ...

    monkeypatch.setattr(audit, "connect", lambda *_: Client())
    assert await audit.run("redis://nowhere") == 2
    out, err = capsys.readouterr()
    assert "VIOLATION A\\x1b[2J: 2 allocated" in out
    assert err == "audit: ContractBroken: no\\nway\n"


async def test_money_and_stock_of_no_order_are_found() -> None:
    services = Services({}, {ID: CHARGED}, {ID: FINALISED})
    _, found = await violations(services)
    assert [id for id, _ in found] == [str(ID), str(ID)]
    nothing_kept = Services({}, {ID: REFUNDED}, {ID: RELEASED})
    assert (await violations(nothing_kept))[1] == []
