"""The longest message that the suite's bus carries is longer than any honest one."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from common import clock
from common.channel_layer import RedisChannelLayer
from common.conf.backends import LONGEST, channel_layer
from common.contracts.inventory import InventoryAllocated, PricedLine
from common.contracts.money import HIGHEST_PRICE
from common.contracts.reports.inventory import (
    AllocationFacts,
    AllocationsFound,
    ProductListing,
    ProductPage,
    StockAccount,
    StockAccounts,
)
from common.contracts.reports.orders import OrderFacts, OrdersFound, OrderTransition
from common.contracts.reports.payments import ChargeFacts, ChargesFound
from common.contracts.values import MOST_PIECES
from common.rpc.contract import Reply
from common.rpc.envelope import ReplyEnvelope, encode, reply_to_ok

WIDE = "\U0001f600"
MOST = 2**53
ID = UUID(int=2**128 - 1)
TRANSITIONS = ("", "placed", "confirmed", "compensating", "cancelled")
STOCK = dict.fromkeys(
    ("on_hand", "allocated", "ledger_on_hand", "ledger_allocated", "held"), -MOST
)
LARGEST: dict[str, Reply] = {
    "orders": OrdersFound(
        next=ID,
        orders=(
            OrderFacts(
                order_id=ID,
                status="confirmed",
                total=MOST,
                currency="EUR",
                quantity=-MOST,
                needs_attention=True,
                deadline=clock.now(),
                overdue=False,
                transitions=tuple(
                    OrderTransition(start=start, end=end)
                    for start, end in pairwise(TRANSITIONS)
                ),
                attempts=MOST,
            ),
        )
        * 200,
    ),
    "charges": ChargesFound(
        next=ID,
        charges=(
            ChargeFacts(
                order_id=ID,
                state="x" * 10,
                amount=MOST,
                currency="EUR",
                net=MOST,
                charges=MOST,
                failed_refunds=MOST,
                opened_at=clock.now(),
                deadline=clock.now(),
            ),
        )
        * 200,
    ),
    "allocations": AllocationsFound(
        next=ID,
        allocations=(
            AllocationFacts(
                order_id=ID,
                state="x" * 10,
                quantity=MOST,
                outstanding=MOST,
                decided_at=clock.now(),
                deadline=clock.now(),
            ),
        )
        * 200,
    ),
    "stock": StockAccounts(
        next="x", accounts=(StockAccount(sku=WIDE * 40, **STOCK),) * 200
    ),
    "products": ProductPage(
        next="x",
        products=(
            ProductListing(
                sku=WIDE * 40,
                name=WIDE * 120,
                unit_price=HIGHEST_PRICE,
                currency="EUR",
                free=MOST,
            ),
        )
        * 100,
    ),
    "lines": InventoryAllocated(
        lines=(
            PricedLine(
                sku=WIDE * 40,
                quantity=MOST_PIECES,
                unit_price=HIGHEST_PRICE,
                currency="EUR",
            ),
        )
        * 100
    ),
}


@pytest.mark.parametrize("case", LARGEST)
def test_the_largest_replies_fit(case: str) -> None:
    config: dict[str, Any] = channel_layer("redis://nowhere")["CONFIG"]
    layer = RedisChannelLayer(**config)
    outcome, body = reply_to_ok(LARGEST[case])
    envelope = ReplyEnvelope(id="x" * 100, outcome=outcome, body=body)
    size = len(layer.serialize(encode(envelope)))
    assert layer.max_receive_size == layer.max_message_size == LONGEST
    assert size < LONGEST / 2, f"{size} bytes"
