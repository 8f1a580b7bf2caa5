"""Customers: they order, repeat what was not answered, and change their minds."""

import asyncio
import json
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rest_framework.test import APIRequestFactory

from common.database import in_db_thread
from orders.access import guest_token
from orders.api import CancelView, OrdersView
from tests.simulation import tables

if TYPE_CHECKING:
    from tests.simulation.world import World

PATIENCE = 3.0
"""Seconds that a customer waits for an answer before asking again."""
STATUS = "SELECT status FROM orders_order WHERE key = ?"
requests = APIRequestFactory()
place_order = OrdersView.as_view()
cancel_order = CancelView.as_view()


@dataclass(frozen=True, kw_only=True)
class Script:
    """What a customer does."""

    lines: Mapping[str, int]
    card: str
    begin: float = 0.0
    clicks: int = 1
    cancel_when: Literal["", "placed", "confirmed", "some time"] = ""
    cancel_after: float = 0.0
    lease: float = 12.0
    late: str = ""
    """The service that is down until the order's deadline."""
    ahead: str = ""
    """The service whose clock is ahead."""
    stall: float = 7.0
    """Seconds for which a process stands still; usually longer than the deadline."""


def _drawn(rng: random.Random) -> Script:
    skus = rng.sample(sorted(tables.PIECES), rng.choice((1, 1, 2)))
    return Script(
        lines={sku: rng.choice((1, 1, 2)) for sku in skus},
        card=rng.choice(tables.TOKENS),
        begin=rng.uniform(0, 1),
        clicks=rng.choice((1, 1, 2)),
        cancel_when=rng.choice(("", "", "some time", "confirmed")),
        cancel_after=rng.choice((0.02, 0.05, 0.2, 5)) * rng.random(),
    )


class Customer:
    """One order, with a key of its own, and what its customer was told of it."""

    def __init__(self, world: "World", script: Script | None) -> None:
        self.world = world
        self.key = str(world.uuid4())
        self.script = script or _drawn(world.rng)
        lines = self.script.lines.items()
        self.body = {
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
            "card_token": self.script.card,
        }
        self.end = ""
        """The order's status when all is over."""
        self.told: set[str] = set()
        """Ids that a POST was answered with: one at most."""
        self.refused: list[int] = []
        """Codes of other answers than an order."""
        self.cancel_told: list[str] = []

    async def shop(self) -> None:
        """Order at some moment, perhaps twice at once, and cancel at another."""
        script = self.script
        await asyncio.sleep(script.begin)
        await asyncio.gather(*(self._order() for _ in range(script.clicks)))
        if script.cancel_when == "confirmed":
            while self._status() == "placed":  # noqa: ASYNC110 as people do
                await asyncio.sleep(0.1)
        elif script.cancel_when == "some time":
            await asyncio.sleep(script.cancel_after)
        if script.cancel_when:
            await self._cancel()

    def look(self) -> None:
        """See how the order ended."""
        self.end = self._status()

    def _status(self) -> str:
        ((status,),) = tables.read(STATUS, self.key)
        return str(status)

    async def _order(self) -> None:
        def post() -> Any:
            return place_order(
                requests.post(
                    "/orders/",
                    json.dumps(self.body),
                    content_type="application/json",
                    HTTP_IDEMPOTENCY_KEY=self.key,
                )
            )

        while True:
            response = await self._ask(post)
            if response is not None and response.status_code in {201, 202}:
                self.told.add(response.data["id"])
                return
            if response is not None and response.status_code not in {409, 503}:
                self.refused.append(response.status_code)
                return
            await asyncio.sleep(self.world.rng.uniform(0.1, 1))

    async def _cancel(self) -> None:
        (order_id,) = self.told

        def post() -> Any:
            request = requests.post(
                f"/orders/{order_id}/cancel",
                HTTP_ORDER_TOKEN=guest_token(uuid.UUID(order_id)),
            )
            return cancel_order(request, order_id=order_id)

        while True:
            response = await self._ask(post)
            if response is not None:
                self.cancel_told.append(str(response.status_code))
                return
            await asyncio.sleep(self.world.rng.uniform(0.1, 1))

    async def _ask(self, view: Callable[[], Any]) -> Any:
        """Call a web process; None if it died before it could answer."""
        web = self.world.web()
        answer = self.world.loop.create_task(in_db_thread(view), context=web.context)
        done, _ = await asyncio.wait({answer}, timeout=PATIENCE)
        return answer.result() if done else None
