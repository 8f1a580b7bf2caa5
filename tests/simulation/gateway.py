"""The demo gateway behind a network that loses requests, or their answers."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from common.database import in_db_thread
from payments.demo_gateway import gateway as demo
from payments.demo_gateway import models
from payments.demo_gateway.gateway import DemoGateway
from payments.gateway import GatewayTimeout
from tests.simulation.bus import NOBODY
from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import VirtualLoop

PATIENCE = 2.0
"""Seconds that payments waits for the gateway."""


class _Books(DemoGateway):
    """The demo gateway's own books; what the network does to it is decided here."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    async def _arrive(self) -> models.Faults:
        return models.Faults()

    async def refund(self, **words: Any) -> Any:
        refuse = self._faults.happens("refund_refused")
        operation = await in_db_thread(demo._refund, *words.values(), refuse)
        return demo._answer(operation)


class FarGateway:
    """Its work belongs to no process of ours: it goes on when the caller is dead."""

    keys_live_for = DemoGateway.keys_live_for

    def __init__(
        self,
        loop: VirtualLoop,
        faults: Faults,
        rng: random.Random,
        crash_point: Callable[[str], Awaitable[None]],
    ) -> None:
        self._loop = loop
        self._crash_point = crash_point
        self._faults = faults
        self._rng = rng
        self._books = _Books(faults)

    async def charge(self, **words: Any) -> Any:
        return await self._far_away(lambda: self._books.charge(**words))

    async def refund(self, **words: Any) -> Any:
        return await self._far_away(lambda: self._books.refund(**words))

    async def find_charge(self, **words: Any) -> Any:
        return await self._far_away(lambda: self._books.find_charge(**words))

    async def refund_stands(self, **words: Any) -> Any:
        return await self._far_away(lambda: self._books.refund_stands(**words))

    async def _far_away(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        faults = self._faults
        if faults.happens("gateway_lost"):
            raise GatewayTimeout
        slow = faults.happens("gateway_slow")
        answer: asyncio.Future[Any] = self._loop.create_future()

        async def there() -> None:
            await asyncio.sleep(self._rng.uniform(1, 6) if slow else 0.001)
            try:
                result = await work()
            except Exception as error:
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(result)

        self._loop.create_task(there(), context=NOBODY.copy())
        await self._crash_point("while the gateway is at work")
        silent = faults.happens("gateway_silent")
        try:
            async with asyncio.timeout(0.01 if silent else PATIENCE):
                result = await answer
        except TimeoutError:
            raise GatewayTimeout from None
        if silent:
            raise GatewayTimeout
        return result
