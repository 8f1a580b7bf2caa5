"""An answer is held against its request: by who made it, and by who gets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from common.channel_layer import RedisChannelLayer
from common.contracts.inventory import (
    AllocateInventory,
    InventoryAllocated,
    Line,
    OutOfStock,
    PricedLine,
    ShortLine,
    UnknownProduct,
)
from common.contracts.money import Money
from common.contracts.payments import CardCharged, ChargeCard
from common.contracts.reports.inventory import (
    AllocationFacts,
    AllocationsFound,
    AuditAllocations,
    AuditStock,
    ListProducts,
    ProductListing,
    ProductPage,
    StockAccount,
    StockAccounts,
)
from common.contracts.reports.orders import OrderTransition  # noqa: F401 registers it
from common.rpc.client import Client
from common.rpc.contract import Reply, Request
from common.rpc.envelope import ReplyEnvelope, encode, reply_to_ok, reply_to_refusal
from common.rpc.errors import ContractBroken, Refused
from common.rpc.service import Service
from common.rpc.transports.channel import Channel
from common.rpc.transports.local import Local
from tests.common.conftest import working

ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))
LATER = datetime(2100, 1, 1, tzinfo=UTC)
EUR = "EUR"


def line(sku: str, quantity: int = 1, currency: str = EUR) -> PricedLine:
    return PricedLine(sku=sku, quantity=quantity, unit_price=5, currency=currency)


def short(sku: str, quantity: int) -> ShortLine:
    return ShortLine(sku=sku, quantity=quantity, free=0)


def listing(sku: str) -> ProductListing:
    return ProductListing(sku=sku, name=sku, unit_price=5, currency=EUR, free=1)


def account(sku: str) -> StockAccount:
    numbers = dict.fromkeys(
        ("on_hand", "allocated", "ledger_on_hand", "ledger_allocated", "held"), 0
    )
    return StockAccount(sku=sku, **numbers)


def facts(order_id: UUID) -> AllocationFacts:
    return AllocationFacts(
        order_id=order_id,
        state="held",
        quantity=1,
        outstanding=1,
        decided_at=LATER,
        deadline=None,
    )


ALLOCATE = AllocateInventory(
    order_id=ONE,
    lines=(
        Line(sku="MUG", quantity=1),
        Line(sku="CUP", quantity=2),
        Line(sku="MUG", quantity=3),
    ),
    deadline=LATER,
)
TOTAL = Money(amount=500, currency=EUR)
CHARGE = ChargeCard(order_id=ONE, total=TOTAL, card_token="card_1", deadline=LATER)
ASKED = AuditAllocations(order_ids=(ONE, TWO))
LISTED = AuditAllocations(after=ONE, limit=2)

Case = tuple[Request[Any], Reply | Refused]
GOOD: dict[str, Case] = {
    "each SKU once": (
        ALLOCATE,
        InventoryAllocated(lines=(line("CUP", 2), line("MUG", 4))),
    ),
    "one is short": (ALLOCATE, OutOfStock(lines=(short("MUG", 4),))),
    "both are unknown": (ALLOCATE, UnknownProduct(skus=("MUG", "CUP"))),
    "the total": (CHARGE, CardCharged(charged=TOTAL)),
    "a full page": (
        ListProducts(limit=2),
        ProductPage(products=(listing("CUP"), listing("MUG")), next="MUG"),
    ),
    "an empty page": (ListProducts(after="Z"), ProductPage(products=(), next=None)),
    "only those known": (ASKED, AllocationsFound(allocations=(facts(TWO),), next=None)),
    "the next ones": (
        LISTED,
        AllocationsFound(allocations=(facts(TWO), facts(THREE)), next=THREE),
    ),
}
FALSE: dict[str, Case] = {
    "one of two lines": (ALLOCATE, InventoryAllocated(lines=(line("CUP", 2),))),
    "another SKU": (
        ALLOCATE,
        InventoryAllocated(lines=(line("CUP", 2), line("MUG", 4), line("POT"))),
    ),
    "another SKU in its place": (
        ALLOCATE,
        InventoryAllocated(lines=(line("CUP", 2), line("POT", 4))),
    ),
    "another quantity": (
        ALLOCATE,
        InventoryAllocated(lines=(line("CUP", 2), line("MUG", 1))),
    ),
    "a line in two parts": (
        ALLOCATE,
        InventoryAllocated(lines=(line("CUP", 2), line("MUG", 1), line("MUG", 3))),
    ),
    "a price in no currency": (
        ALLOCATE,
        InventoryAllocated(lines=(line("CUP", 2), line("MUG", 4, "EUR\n"))),
    ),
    "no line": (ALLOCATE, InventoryAllocated(lines=())),
    "nothing is short": (ALLOCATE, OutOfStock(lines=())),
    "short of what nobody wants": (ALLOCATE, OutOfStock(lines=(short("POT", 1),))),
    "short of more": (ALLOCATE, OutOfStock(lines=(short("MUG", 5),))),
    "short twice": (ALLOCATE, OutOfStock(lines=(short("MUG", 4), short("MUG", 4)))),
    "unknown, and not asked for": (ALLOCATE, UnknownProduct(skus=("POT",))),
    "unknown twice": (ALLOCATE, UnknownProduct(skus=("MUG", "MUG"))),
    "nothing is unknown": (ALLOCATE, UnknownProduct(skus=())),
    "charged less": (CHARGE, CardCharged(charged=Money(amount=499, currency=EUR))),
    "another money": (CHARGE, CardCharged(charged=Money(amount=500, currency="USD"))),
    "more than a page": (
        ListProducts(limit=1),
        ProductPage(products=(listing("CUP"), listing("MUG")), next="MUG"),
    ),
    "a page that turns back": (
        ListProducts(after="MUG"),
        ProductPage(products=(listing("MUG"),), next=None),
    ),
    "a page that leads elsewhere": (
        ListProducts(),
        ProductPage(products=(listing("CUP"),), next="MUG"),
    ),
    "an empty page that goes on": (
        ListProducts(after="MUG"),
        ProductPage(products=(), next="MUG"),
    ),
    "a product twice": (
        ListProducts(),
        ProductPage(products=(listing("CUP"), listing("CUP")), next=None),
    ),
    "an account twice": (
        AuditStock(),
        StockAccounts(accounts=(account("CUP"), account("CUP")), next=None),
    ),
    "another order": (ASKED, AllocationsFound(allocations=(facts(THREE),), next=None)),
    "an order twice": (
        ASKED,
        AllocationsFound(allocations=(facts(ONE), facts(ONE)), next=None),
    ),
    "given orders that go on": (
        ASKED,
        AllocationsFound(allocations=(facts(ONE),), next=ONE),
    ),
    "more orders than asked for": (
        LISTED,
        AllocationsFound(
            allocations=(facts(TWO), facts(THREE), facts(UUID(int=4))), next=None
        ),
    ),
    "orders from the start again": (
        LISTED,
        AllocationsFound(allocations=(facts(ONE),), next=None),
    ),
}


def saying(request: Request[Any], answer: Reply | Refused) -> Service:
    """Return a service whose handler gives this answer."""
    service = Service(request.service)

    async def handler(request: Request[Any]) -> Any:
        if isinstance(answer, Refused):
            raise answer
        return answer

    service.handlers[type(request)] = handler
    return service


async def outcome(client: Client, request: Request[Any]) -> Any:
    try:
        return await client.call(request, timeout=8)
    except Refused as refusal:
        return refusal


@asynccontextmanager
async def forging(
    layer: RedisChannelLayer, service: str, encoded: Any
) -> AsyncIterator[None]:
    """Answer the next request to a service in its place."""

    async def forge() -> None:
        sent = await layer.receive(f"{service}.request")
        outcome, body = encoded
        reply = ReplyEnvelope(id=sent["id"], outcome=outcome, body=body)
        await layer.send(sent["reply_to"], encode(reply))

    forger = asyncio.create_task(forge())
    yield
    await forger


@pytest.mark.parametrize("case", GOOD)
async def test_a_right_answer_is_believed(case: str) -> None:
    request, answer = GOOD[case]
    client = Client("test", {request.service: Local(lambda _: saying(request, answer))})
    got = await outcome(client, request)
    assert type(got) is type(answer)


@pytest.mark.parametrize("case", FALSE)
async def test_a_service_does_not_give_a_false_answer(case: str) -> None:
    request, answer = FALSE[case]
    client = Client("test", {request.service: Local(lambda _: saying(request, answer))})
    with pytest.raises(ContractBroken):
        await client.call(request)


@pytest.mark.parametrize("case", FALSE)
async def test_a_false_answer_from_the_bus_is_not_believed(
    layer: RedisChannelLayer, case: str
) -> None:
    request, answer = FALSE[case]
    encoded = (
        reply_to_refusal(answer) if isinstance(answer, Refused) else reply_to_ok(answer)
    )
    client = Client("test", {request.service: Channel(layer)})

    async with forging(layer, request.service, encoded):
        with pytest.raises(ContractBroken, match=f"reply to {type(request).__name__}"):
            await client.call(request, timeout=8)
    await client.close()


async def test_a_worker_tells_of_the_false_answer_and_goes_on(
    layer: RedisChannelLayer,
) -> None:
    request, answer = FALSE["one of two lines"]
    client = Client("test", {"inventory": Channel(layer)})
    async with working(saying(request, answer), layer):
        for _ in range(2):
            with pytest.raises(ContractBroken, match="not those asked for"):
                await client.call(request, timeout=8)
    await client.close()
