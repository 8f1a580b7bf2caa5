"""The facts of payments."""

from typing import Annotated
from uuid import UUID

import msgspec

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


class ChargeFacts(Value, frozen=True, kw_only=True):
    """What payments knows of one order."""

    order_id: UUID
    state: State
    amount: Count
    currency: Annotated[str, msgspec.Meta(max_length=3)]
    """Empty where nothing was ever to be charged."""
    net: Number
    """Charges less refunds in the ledger."""
    charges: Count
    """How many charge entries the ledger has."""
    failed_refunds: Count
    """How many refunds failed after they had been reported done."""
    opened_at: Moment
    deadline: Moment | None


class ChargesFound(Reply, frozen=True, kw_only=True):
    """Facts on the orders that payments knows; `next` continues a listing."""

    charges: Annotated[tuple[ChargeFacts, ...], msgspec.Meta(max_length=200)]
    next: UUID | None


class AuditCharges(Request[ChargesFound], frozen=True, kw_only=True):
    """Report charges: of the given orders, or all in id order behind `after`."""

    timeout = 10.0

    order_ids: OrderIds | None = None
    after: UUID | None = None
    limit: Limit = 100

    def check(self, answer: Reply | Refused) -> None:
        """Facts on orders that were asked about, each once."""
        if isinstance(answer, ChargesFound):
            expect_facts(self, answer.charges, answer.next)
