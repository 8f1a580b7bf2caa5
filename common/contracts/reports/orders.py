"""The facts of orders."""

from typing import Annotated
from uuid import UUID

import msgspec

from common.contracts.money import Currency
from common.contracts.orders import Status
from common.contracts.values import (
    Count,
    Limit,
    Moment,
    Number,
    OrderIds,
    State,
    expect_facts,
)
from common.rpc.contract import Reply, Request, Value
from common.rpc.errors import Refused


class OrderTransition(Value, frozen=True, kw_only=True):
    """One recorded change of an order's status; `start` is empty for its birth."""

    start: State
    end: State


class OrderFacts(Value, frozen=True, kw_only=True):
    """What orders knows of one order."""

    order_id: UUID
    status: Status
    total: Count | None
    currency: Currency | None
    quantity: Number
    needs_attention: bool
    deadline: Moment
    overdue: bool
    """Not ended although its deadline passed more than the audit's T ago."""
    transitions: Annotated[tuple[OrderTransition, ...], msgspec.Meta(max_length=100)]
    attempts: Count
    """Counts how often the order was taken up: it changes whenever the row does."""


class OrdersFound(Reply, frozen=True, kw_only=True):
    """Facts on orders in id order; `next` continues a listing."""

    orders: Annotated[tuple[OrderFacts, ...], msgspec.Meta(max_length=200)]
    next: UUID | None


class AuditOrders(Request[OrdersFound], frozen=True, kw_only=True):
    """Report orders: the given ones, or all in id order behind `after`."""

    timeout = 10.0

    order_ids: OrderIds | None = None
    after: UUID | None = None
    limit: Limit = 100
    grace_seconds: Annotated[float, msgspec.Meta(ge=0, le=10**7)] = 30.0

    def check(self, answer: Reply | Refused) -> None:
        """Facts on orders that were asked about, each once."""
        if isinstance(answer, OrdersFound):
            expect_facts(self, answer.orders, answer.next)
