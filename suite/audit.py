"""Hold the three databases against the invariants of docs/design.md.

A read across three databases is no snapshot. So only orders are judged that have ended
or are long overdue, and only if their status did not change while the audit looked; and
what looks wrong is looked at again before it is called so. Memory is bounded by a page.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any
from uuid import UUID

from common.contracts.orders import ENDED
from common.contracts.reports.inventory import (
    AllocationFacts,
    AuditAllocations,
    AuditLedger,
    AuditStock,
    LedgerSegment,
)
from common.contracts.reports.orders import AuditOrders, OrderFacts
from common.contracts.reports.payments import AuditCharges, ChargeFacts
from common.ops.printable import escaped
from common.rpc.client import Client
from common.rpc.contract import Request
from common.rpc.errors import ContractBroken, NotDone, OutcomeUnknown, ServiceError
from suite.client import connect
from suite.invariants import ledger_violations, order_violations, stock_violations

LOOKS = 4
"""How often a suspect is looked at before it is called a violation."""
PAUSE = 1.0
"""Seconds between two looks."""

MOST_PAGES = 100_000
"""After which a listing is said to have no end."""
LEFT_OUT = "orders lists it, and leaves it out when it is asked about"

Found = tuple[str, str]
"""What is wrong, by the id of the order or product it is wrong with."""


async def run(bus_url: str, *, whole: bool = False) -> int:
    """Audit a live suite; print the violations and return 1 if there are any.

    Returns 2 if a service does not answer, or answers with what cannot be; what was
    found before is printed all the same.
    """
    client = connect(bus_url, "audit")
    audit = Audit(client, whole=whole)
    violations: list[Found] = []
    failed = False
    try:
        async for found in audit.violations():
            violations.append(found)
    except ServiceError as error:
        what = escaped(f"audit: {type(error).__name__}: {error}")
        print(what, file=sys.stderr)
        failed = True
    finally:
        await client.close()
    for id, what in violations:
        print(escaped(f"VIOLATION {id}: {what}"))
    print(
        f"audit: {audit.judged} orders judged, {audit.left} left for later, "
        f"{audit.products} products, {len(violations)} violations"
    )
    if failed:
        return 2
    return 1 if violations else 0


class Audit:
    """One pass over everything, but of the old ledger over a sample, or the `whole`."""

    def __init__(self, client: Client, *, whole: bool = False) -> None:
        self._client = client
        self._whole = whole
        self.judged = self.left = self.products = 0

    async def violations(self) -> AsyncIterator[Found]:
        """Yield every violation."""
        async for accounts in self._pages(AuditStock, "accounts", start=""):
            self.products += len(accounts)
            for account in accounts:
                for what in stock_violations(account):
                    yield account.sku, what
        async for segments in self._ledger():
            for segment in segments:
                for what in ledger_violations(segment):
                    yield segment.sku, what
        async for orders in self._pages(AuditOrders, "orders"):
            for found in await self._order_violations(orders):
                yield found
        for contract, items in (
            (AuditCharges, "charges"),
            (AuditAllocations, "allocations"),
        ):
            async for facts in self._pages(contract, items):
                for found in await self._orphans(facts):
                    yield found

    async def _ledger(self) -> AsyncIterator[tuple[LedgerSegment, ...]]:
        if not self._whole:
            yield (await self._ask(AuditLedger(sample=True))).segments
            return
        async for segments in self._pages(AuditLedger, "segments", start=0):
            yield segments

    async def _order_violations(self, orders: Iterable[OrderFacts]) -> list[Found]:
        suspects = [o.order_id for o in orders if o.status in ENDED or o.overdue]
        self.judged += len(suspects)
        found: list[Found] = []
        for look in range(LOOKS):
            if not suspects:
                return []
            if look:
                await asyncio.sleep(PAUSE)
            changed, found = await self._judge(tuple(suspects))
            suspects = [*changed, *dict.fromkeys(UUID(id) for id, _ in found)]
        self.judged -= len(changed)
        self.left += len(changed)
        return found

    async def _judge(self, ids: tuple[UUID, ...]) -> tuple[list[UUID], list[Found]]:
        """Return the orders that changed meanwhile, and what is wrong with the rest."""
        before = by_id((await self._ask(AuditOrders(order_ids=ids))).orders)
        charges = by_id((await self._ask(AuditCharges(order_ids=ids))).charges)
        allocations = by_id(
            (await self._ask(AuditAllocations(order_ids=ids))).allocations
        )
        after = by_id((await self._ask(AuditOrders(order_ids=ids))).orders)
        listed = [id for id in ids if id in before and id in after]
        changed = [
            id
            for id in listed
            if before[id].status != after[id].status
            or not (after[id].status in ENDED or after[id].overdue)
        ]
        found = [(str(id), LEFT_OUT) for id in ids if id not in listed]
        found += [
            (str(id), what)
            for id in listed
            if id not in changed
            for what in order_violations(
                after[id], charges.get(id), allocations.get(id)
            )
        ]
        return changed, found

    async def _orphans(self, facts: Iterable[Any]) -> list[Found]:
        """Return money and stock that are kept for orders which do not exist."""
        ids = tuple(fact.order_id for fact in facts if keeps_something(fact))
        if not ids:
            return []
        known = by_id((await self._ask(AuditOrders(order_ids=ids))).orders)
        return [
            (str(id), "money or stock of an order that orders does not know")
            for id in ids
            if id not in known
        ]

    async def _pages(
        self, contract: Callable[..., Request[Any]], items: str, start: Any = None
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Yield the pages of a listing; raise ContractBroken if it has no end."""
        after, seen = start, {start}
        while True:
            page = await self._ask(contract(after=after))
            yield getattr(page, items)
            if page.next is None:
                return
            # texts are in the order of whatever database is asked
            back = isinstance(after, UUID) and page.next < after
            if back or page.next in seen or len(seen) >= MOST_PAGES:
                raise ContractBroken(f"the listing of {items} has no end")
            after = page.next
            seen.add(after)

    async def _ask(self, request: Request[Any]) -> Any:
        """Call, and ask again twice: a report changes nothing."""
        for _ in range(2):
            try:
                return await self._client.call(request)
            except (OutcomeUnknown, NotDone):
                await asyncio.sleep(0.5)
        return await self._client.call(request)


def by_id(facts: Iterable[Any]) -> dict[UUID, Any]:
    """Return facts by the id of their order."""
    return {fact.order_id: fact for fact in facts}


def keeps_something(fact: ChargeFacts | AllocationFacts) -> bool:
    """Tell whether a charge keeps money, or an allocation stock."""
    if isinstance(fact, ChargeFacts):
        return fact.net != 0
    return fact.outstanding != 0
