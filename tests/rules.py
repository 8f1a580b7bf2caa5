"""Asking the rules that decide together for one answer, as `together` does."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from common.contracts.inventory import AllocateInventory, Line
from common.saga import leases
from common.together import Rule
from inventory import stock
from orders import states
from orders.models import Order

A = TypeVar("A")
B = TypeVar("B")


def alone(rule: Rule[A, B], one: A) -> B:
    """Return a rule's answer to one that came alone, or raise it."""
    [answer] = rule([one])
    if isinstance(answer, Exception):
        raise answer
    return answer


def allocate(order_id: UUID, lines: Iterable[Line], deadline: datetime) -> object:
    """Return the answer to an order's request for stock; a refusal is returned, too."""
    [answer] = stock.allocate(
        [AllocateInventory(order_id=order_id, lines=tuple(lines), deadline=deadline)]
    )
    return answer


def claim(order_id: UUID) -> Order | None:
    """Take the lease of an order that is due."""
    [row] = leases.claim(Order, [order_id])
    return row


def confirm(order_id: UUID) -> bool:
    """Confirm an order if it is placed."""
    return alone(states.confirm, states.Finalised(order_id))
