"""Orders, with the other services as libraries of this process."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from common.context import Headers
from orders import placing
from orders.models import Order
from orders.rows import NewOrder


@pytest.fixture
def placed(
    transactional_db: None, product: Callable[..., str], card: Callable[..., str]
) -> Callable[..., Order]:
    """Return a function that makes an order's row and wakes nobody."""
    product("MUG", on_hand=10, price=1250)

    def place(card_number: str = "4242424242424242", **lines: int) -> Order:
        return placing.make_order_row(
            NewOrder(
                id=uuid.uuid4(),
                customer=None,
                key_scope="guests",
                key=str(uuid.uuid4()),
                fingerprint="",
                lines=lines or {"MUG": 2},
                card_token=card(card_number),
                headers=Headers(correlation_id="test-correlation"),
            )
        )

    return place


Row = dict[str, Any]


@pytest.fixture
def row() -> Callable[[Order], Row]:
    """Return a function that reads an order's row, moves and steps."""

    def read(order: Order) -> Row:
        fresh = Order.objects.get(pk=order.pk)
        return {
            "status": fresh.status,
            "total": fresh.total,
            "reason": (fresh.reason or {}).get("type", "").rpartition(":")[2],
            "flagged": fresh.needs_attention,
            "transitions": [
                m.end for m in sorted(fresh.transitions.all(), key=lambda m: m.pk)
            ],
            "steps": [s.name for s in sorted(fresh.steps.all(), key=lambda s: s.pk)],
        }

    return read
