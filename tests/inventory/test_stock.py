"""The table "Inventory" of the protocol, cell by cell, and the counters with it."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from common import clock
from common.contracts.inventory import (
    AlreadyReleased,
    InventoryAllocated,
    Line,
    OutOfStock,
    TooLateToAllocate,
    UnknownProduct,
)
from common.rpc.errors import ContractBroken
from inventory import reports, stock
from inventory.counters import receive
from inventory.models import Allocation, Movement, Product, Stock
from suite.invariants import stock_violations
from tests.conftest import Clock
from tests.rules import allocate, alone

pytestmark = pytest.mark.django_db


def lines(**quantities: int) -> tuple[Line, ...]:
    return tuple(Line(sku=sku, quantity=n) for sku, n in quantities.items())


def counters(sku: str = "MUG") -> tuple[int, int]:
    row = Stock.objects.get(product_id=sku)
    return row.on_hand, row.allocated


@pytest.fixture(autouse=True)
def the_ledger_explains_the_counters() -> Iterator[None]:
    """After every test, hold the counters against their ledger."""
    yield
    for account in reports.stock_accounts(after="", limit=100).accounts:
        assert list(stock_violations(account)) == []


class Order:
    """An order of three mugs, of which there are ten."""

    def __init__(self, deadline: datetime) -> None:
        self.id, self.deadline = uuid4(), deadline

    def allocate(self, **quantities: int) -> object:
        wanted = lines(**(quantities or {"MUG": 3}))
        return allocate(self.id, wanted, self.deadline)

    def finalise(self) -> None:
        alone(stock.finalise, self.id)

    def release(self) -> None:
        alone(stock.release, self.id)

    @property
    def state(self) -> str | None:
        row = Allocation.objects.filter(order_id=self.id).first()
        return row.state if row else None


@pytest.fixture
def order(product: Callable[..., str], later: datetime) -> Order:
    product("MUG", on_hand=10)
    return Order(later)


# ── allocate ─────────────────────────────────────────────────────────────────


def test_allocate_on_none_holds_all_lines_at_todays_prices(
    order: Order, product: Callable[..., str]
) -> None:
    product("CUP", on_hand=2, price=700)
    answer = order.allocate(MUG=3, CUP=2)

    assert isinstance(answer, InventoryAllocated)
    priced = [(p.sku, p.quantity, p.unit_price, p.currency) for p in answer.lines]
    assert priced == [("CUP", 2, 700, "EUR"), ("MUG", 3, 1250, "EUR")]
    assert order.state == "held"
    assert (counters("MUG"), counters("CUP")) == ((10, 3), (2, 2))


def test_allocate_on_none_with_too_little_holds_nothing_and_names_every_short_line(
    order: Order, product: Callable[..., str]
) -> None:
    product("CUP", on_hand=1)
    product("POT", on_hand=0)
    answer = order.allocate(MUG=3, CUP=2, POT=1)

    assert isinstance(answer, OutOfStock)
    short = [(line.sku, line.quantity, line.free) for line in answer.lines]
    assert short == [("CUP", 2, 1), ("POT", 1, 0)]
    assert order.state == "short"
    assert counters() == (10, 0)


def test_allocate_of_unknown_products_is_remembered_as_short(order: Order) -> None:
    answer = order.allocate(MUG=1, UNICORN=1, ZEBRA=1)
    assert isinstance(answer, UnknownProduct)
    assert answer.skus == ("UNICORN", "ZEBRA")
    assert order.state == "short"


def test_duplicate_skus_are_merged(order: Order) -> None:
    answer = allocate(order.id, (*lines(MUG=3), *lines(MUG=4)), order.deadline)
    assert isinstance(answer, InventoryAllocated)
    assert [(p.sku, p.quantity) for p in answer.lines] == [("MUG", 7)]
    assert counters() == (10, 7)


def test_allocate_on_held_answers_again_and_moves_nothing(order: Order) -> None:
    first = order.allocate()
    Product.objects.update(unit_price=9999)
    assert order.allocate() == first, "the price of the first answer holds"
    assert counters() == (10, 3)
    assert Movement.objects.filter(order_id=order.id).count() == 1


def test_allocate_on_short_remembers_even_when_stock_has_come(order: Order) -> None:
    first = order.allocate(MUG=11)
    receive(sku="MUG", quantity=10)
    again = order.allocate(MUG=11)
    assert isinstance(first, OutOfStock) and isinstance(again, OutOfStock)
    assert again.lines == first.lines
    assert counters() == (20, 0)


def test_allocate_on_finalised_answers_as_before(order: Order) -> None:
    first = order.allocate()
    order.finalise()
    assert order.allocate() == first
    assert counters() == (7, 0)


def test_allocate_on_released_is_undone(order: Order) -> None:
    order.allocate()
    order.release()
    assert isinstance(order.allocate(), AlreadyReleased)
    assert counters() == (10, 0)


def test_allocate_past_the_deadline_starts_nothing_and_is_not_remembered(
    order: Order, stopped_clock: Clock
) -> None:
    stopped_clock.now = order.deadline
    assert isinstance(order.allocate(), TooLateToAllocate)
    assert order.state is None
    stopped_clock.advance(-1)
    assert isinstance(order.allocate(), InventoryAllocated)


# ── finalise ─────────────────────────────────────────────────────────────────


def test_finalise_on_held_takes_the_pieces_off_the_shelf(order: Order) -> None:
    order.allocate()
    order.finalise()
    assert order.state == "finalised"
    assert counters() == (7, 0)


def test_finalise_on_finalised_is_ok_and_moves_nothing(order: Order) -> None:
    order.allocate()
    order.finalise()
    order.finalise()
    assert counters() == (7, 0)


def test_finalise_on_released_is_undone(order: Order) -> None:
    order.allocate()
    order.release()
    with pytest.raises(AlreadyReleased):
        order.finalise()
    assert counters() == (10, 0)


def test_finalise_on_none_or_short_breaks_the_contract(order: Order) -> None:
    with pytest.raises(ContractBroken, match="finalise on none"):
        order.finalise()
    order.allocate(MUG=11)
    with pytest.raises(ContractBroken, match="finalise on short"):
        order.finalise()


# ── release ──────────────────────────────────────────────────────────────────


def test_release_on_none_leaves_a_tombstone_that_a_late_allocate_meets(
    order: Order,
) -> None:
    order.release()
    assert order.state == "released"
    assert isinstance(order.allocate(), AlreadyReleased)
    assert counters() == (10, 0)


def test_release_on_held_frees_the_pieces(order: Order) -> None:
    order.allocate()
    order.release()
    assert (order.state, counters()) == ("released", (10, 0))


def test_release_on_short_is_ok_and_stays_short(order: Order) -> None:
    order.allocate(MUG=11)
    order.release()
    assert order.state == "short"
    assert isinstance(order.allocate(MUG=11), OutOfStock)


def test_release_on_finalised_restocks(order: Order) -> None:
    order.allocate()
    order.finalise()
    order.release()
    assert (order.state, counters()) == ("released", (10, 0))
    kinds = Movement.objects.filter(order_id=order.id).order_by("id")
    assert [m.kind for m in kinds] == ["allocate", "finalise", "restock"]


def test_release_on_released_is_ok_and_moves_nothing(order: Order) -> None:
    order.allocate()
    order.release()
    order.release()
    assert counters() == (10, 0)


def test_an_overdue_hold_is_released_once_and_nothing_else_is(order: Order) -> None:
    order.allocate()
    assert stock.release_overdue_hold(order_id=order.id)
    assert not stock.release_overdue_hold(order_id=order.id)
    assert counters() == (10, 0)
    confirmed = Order(order.deadline)
    confirmed.allocate()
    confirmed.finalise()
    assert not stock.release_overdue_hold(order_id=confirmed.id)
    assert counters() == (7, 0)


# ── the database's own promises ──────────────────────────────────────────────


def test_the_database_refuses_to_allocate_more_than_there_is(order: Order) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Stock.objects.update(allocated=11)


def test_the_database_refuses_a_second_movement_of_a_kind(order: Order) -> None:
    order.allocate()
    entry = Movement.objects.get(order_id=order.id)
    entry.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_sell_a_piece_twice(
    product: Callable[..., str], later: datetime
) -> None:
    product("MUG", on_hand=5)
    ids = [uuid4() for _ in range(6)]
    answers: list[object] = []

    def buy(order_id: UUID) -> None:
        try:
            answers.append(allocate(order_id, lines(MUG=1), later))
        finally:
            connection.close()

    # every order twice, side by side: as its request, and as the bus's duplicate of it
    threads = [threading.Thread(target=buy, args=(id,)) for id in ids * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 12
    assert sum(isinstance(a, InventoryAllocated) for a in answers) == 10
    assert sum(isinstance(a, OutOfStock) for a in answers) == 2
    assert counters() == (5, 5)


def test_a_hold_lives_longer_than_its_order(order: Order) -> None:
    order.allocate()
    expires_at = Allocation.objects.get(order_id=order.id).expires_at
    assert expires_at is not None
    assert expires_at >= order.deadline + timedelta(seconds=30)
    assert order.deadline > clock.now()
