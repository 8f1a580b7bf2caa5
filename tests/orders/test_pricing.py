"""Prices are whole minor units of one currency, and never the client's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.inventory import PricedLine
from common.contracts.money import Money
from orders.pricing import BULK_DISCOUNT, NotOnePrice, total_of


def line(quantity: int, unit_price: int, currency: str = "EUR") -> PricedLine:
    return PricedLine(
        sku="X", quantity=quantity, unit_price=unit_price, currency=currency
    )


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 10**6)), min_size=1))
def test_a_total_is_the_exact_sum_of_its_lines(pairs: list[tuple[int, int]]) -> None:
    exact = sum(quantity * price for quantity, price in pairs)
    lines = [line(*pair) for pair in pairs]
    if exact:
        assert total_of(lines, ()) == Money(amount=exact, currency="EUR")
    else:
        with pytest.raises(NotOnePrice, match="nothing"):
            total_of(lines, ())


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(NotOnePrice, match="EUR, USD"):
        total_of([line(1, 1), line(1, 1, "USD")], ())


def test_a_flag_that_travelled_with_the_order_changes_its_price() -> None:
    lines = [line(10, 99), line(9, 100)]
    assert total_of(lines, ()).amount == 1890
    assert total_of(lines, (BULK_DISCOUNT,)).amount == 891 + 900
