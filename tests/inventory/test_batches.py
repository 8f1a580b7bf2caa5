"""What arrives together is decided together: each member as if it had come alone."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from django.db import connection

from common.contracts.inventory import (
    AllocateInventory,
    AlreadyReleased,
    InventoryAllocated,
    Line,
    OutOfStock,
    TooLateToAllocate,
    UnknownProduct,
)
from common.rpc.contract import Done
from common.rpc.errors import ContractBroken
from inventory import reports, stock
from inventory.models import Allocation, Stock
from suite.invariants import stock_violations
from tests.conftest import Clock
from tests.rules import alone

Product = Callable[..., str]


def wanted(
    deadline: datetime, *, order_id: UUID | None = None, **quantities: int
) -> AllocateInventory:
    lines = tuple(Line(sku=sku, quantity=n) for sku, n in quantities.items())
    return AllocateInventory(
        order_id=order_id or uuid4(), lines=lines, deadline=deadline
    )


def kinds(answers: Sequence[object]) -> list[type]:
    return [type(answer) for answer in answers]


def counters(sku: str = "MUG") -> tuple[int, int]:
    row = Stock.objects.get(product_id=sku)
    return row.on_hand, row.allocated


def no_violations() -> bool:
    accounts = reports.stock_accounts(after="", limit=100).accounts
    return not [found for one in accounts for found in stock_violations(one)]


@pytest.mark.django_db
def test_each_decision_counts_for_the_next_and_who_came_first_is_served_first(
    product: Product, later: datetime
) -> None:
    product("MUG", on_hand=5)
    asked = [wanted(later, MUG=n) for n in (3, 3, 2)]
    answers = stock.allocate(asked)
    assert kinds(answers) == [InventoryAllocated, OutOfStock, InventoryAllocated]
    [short] = answers[1].lines  # type: ignore[union-attr]
    assert (short.quantity, short.free) == (3, 2)
    assert counters() == (5, 5)
    assert repr(stock.allocate(asked)) == repr(answers), "what each was told"
    assert no_violations()


@pytest.mark.django_db
def test_one_that_comes_twice_in_a_batch_gets_its_pieces_once(
    product: Product, later: datetime
) -> None:
    product("MUG", on_hand=5)
    twice, other = wanted(later, MUG=2), wanted(later, MUG=3)
    first, second, third = stock.allocate([twice, other, twice])
    assert first == third
    assert isinstance(second, InventoryAllocated)
    assert counters() == (5, 5)
    assert stock.finalise([twice.order_id] * 2) == [Done(), Done()]
    assert stock.release([twice.order_id] * 2) == [Done(), Done()]
    assert counters() == (5, 3)
    assert no_violations()


@pytest.mark.django_db
def test_a_member_that_is_refused_spoils_no_other(
    product: Product, later: datetime, stopped_clock: Clock
) -> None:
    product("MUG", on_hand=9)
    product("CUP", on_hand=0)
    released = uuid4()
    alone(stock.release, released)
    answers = stock.allocate(
        [
            wanted(later, MUG=1),
            wanted(later, UNICORN=1, MUG=1),
            wanted(later, CUP=1, MUG=1),
            wanted(stopped_clock.now, MUG=1),
            wanted(later, order_id=released, MUG=1),
            wanted(later, MUG=2),
        ]
    )
    assert kinds(answers) == [
        InventoryAllocated,
        UnknownProduct,
        OutOfStock,
        TooLateToAllocate,
        AlreadyReleased,
        InventoryAllocated,
    ]
    assert counters() == (9, 3)
    assert no_violations()


@pytest.mark.django_db
def test_finalise_and_release_answer_each_by_its_state(
    product: Product, later: datetime
) -> None:
    product("MUG", on_hand=9)
    held, short, released = (wanted(later, MUG=n) for n in (2, 20, 3))
    stock.allocate([held, short, released])
    stock.release([released.order_id])
    unknown = uuid4()
    ids = [one.order_id for one in (held, short, released)]
    answers = stock.finalise([*ids, unknown])
    assert kinds(answers) == [Done, ContractBroken, AlreadyReleased, ContractBroken]
    assert counters() == (7, 0)
    assert stock.release([*ids, unknown]) == [Done()] * 4
    assert counters() == (9, 0)
    states = Allocation.objects.values_list("order_id", "state")
    assert dict(states) == {
        held.order_id: "released",
        short.order_id: "short",
        released.order_id: "released",
        unknown: "released",
    }
    assert no_violations()


@pytest.mark.django_db(transaction=True)
def test_batches_of_many_workers_that_overlap_end_right(
    product: Product, later: datetime
) -> None:
    """Several threads, each with batches of the same orders in orders of their own."""
    names = [f"P{n}" for n in range(6)]
    for name in names:
        product(name, on_hand=12)
    dice = random.Random(7)
    asked = [
        wanted(later, **dict.fromkeys(dice.sample(names, 3), 1)) for _ in range(30)
    ]
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        own = random.Random(seed).sample(asked, len(asked))
        try:
            for start in range(0, len(own), 6):
                batch = own[start : start + 6]
                answers = stock.allocate(batch)
                held = [
                    one.order_id
                    for one, answer in zip(batch, answers, strict=True)
                    if isinstance(answer, InventoryAllocated)
                ]
                stock.finalise(held[1:])
                stock.release(held[:2])  # one that is held, one that is finalised
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    states = Counter(Allocation.objects.values_list("state", flat=True))
    assert sum(states.values()) == len(asked)
    assert sum(12 - counters(name)[0] for name in names) == 3 * states["finalised"]
    assert sum(counters(name)[1] for name in names) == 3 * states["held"]
    assert no_violations()
