"""`Prefer: wait=N` (RFC 7240, section 4.3): hold the answer until the order ended.

Who waits holds neither a thread nor a connection. A notice of the order's end ends the
wait; now and then one query for all that are waited for looks what became of them.
"""

import asyncio
import contextvars
import re
from uuid import UUID

from django.conf import settings

from common.contracts.orders import ENDED
from common.database import in_db_thread
from common.http.later import NoPlace, Places
from common.ops.outage import OutageLog
from common.rpc import process_client
from common.rpc.notices import Changed, Notices
from orders.models import Order

LONGEST = 30
"""Seconds; a longer wait is cut to this."""
LOOK_EVERY = 0.5
"""Seconds between two looks, for the case that a notice is lost."""
REMEMBERED = 10_000
"""Orders that ended last, of which it is known without a look."""

places = Places(settings.MAX_WAITERS)

LONGEST_HEADER = 200
"""Characters of a Prefer header that are read."""
NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
WORD = rf'(?:{NAME}|"(?:[^"\\]|\\.)*")'
PREFERENCE = re.compile(
    rf"[ \t]*(?:({NAME})(?:[ \t]*=[ \t]*({WORD}))?"
    rf"(?:[ \t]*;[ \t]*(?:{NAME}(?:[ \t]*=[ \t]*{WORD})?)?)*[ \t]*(?:,|\Z)|,)"
)
"""One preference with its parameters, or an empty element of the list."""


def preferred_wait(header: str) -> int:
    """Return the seconds that a Prefer header asks to wait, or 0 (RFC 7240, 2).

    Of a preference that is there twice the first counts. What is malformed ends the
    list; nobody is refused for a preference.
    """
    header, at = header[:LONGEST_HEADER], 0
    while found := PREFERENCE.match(header, at):
        name, value = found[1] or "", (found[2] or "").strip('"')
        if name.lower() == "wait":
            seconds = re.fullmatch(r"[0-9]{1,9}", value)
            return min(int(value), LONGEST) if seconds else 0
        at = found.end()
    return 0


async def until_ended(order_id: UUID, seconds: int) -> bool | None:
    """Wait until an order has ended; False if it did not in time.

    None, at once, if MAX_WAITERS requests of this process are waiting already.
    """
    try:
        with places.one():
            return await _watch.until_ended(order_id, seconds)
    except NoPlace:
        return None


class Watch:
    """Waits for orders' ends on one event loop.

    A notice ends a wait. It may be lost, or come before the wait begins: the orders
    that ended last are remembered, and those that are waited for are looked for.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._ended: dict[str, None] = {}
        self._notices: Notices | None = None
        self._looking: asyncio.Task[None] | None = None

    async def until_ended(self, order_id: UUID, seconds: float) -> bool:
        """Return True when the order has ended, False when it took too long."""
        self._listen()
        key = str(order_id)
        if key in self._ended:
            return True
        ended = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(ended)
        self._make_sure_somebody_looks()
        try:
            await asyncio.wait({ended}, timeout=seconds)
            return bool(ended.done())
        finally:
            self._waiting[key].discard(ended)
            if not self._waiting[key]:
                del self._waiting[key]
            if not self._waiting and self._looking:
                self._looking.cancel()
                self._looking = None

    def _listen(self) -> None:
        notices = process_client.client().notices
        if self._notices is not notices:
            self._notices = notices
            notices.listen(self._heard)

    def _heard(self, changed: Changed) -> None:
        for key, status in changed.items():
            if status in ENDED:
                self._end(key)
                self._ended[key] = None
                if len(self._ended) > REMEMBERED:
                    del self._ended[next(iter(self._ended))]
            else:  # a confirmed order is cancelled
                self._ended.pop(key, None)

    def _end(self, key: str) -> None:
        for waiting in self._waiting.get(key, ()):
            if not waiting.done():
                waiting.set_result(None)

    def _make_sure_somebody_looks(self) -> None:
        looking, loop = self._looking, asyncio.get_running_loop()
        if looking is None or looking.done() or looking.get_loop() is not loop:
            nobody = contextvars.Context()  # it looks for all, not for one request
            self._looking = loop.create_task(self._look(), context=nobody)

    async def _look(self) -> None:
        """Look again and again, as long as anybody waits."""
        outage = OutageLog("looking for orders that ended")
        while self._waiting:
            await asyncio.sleep(LOOK_EVERY)
            try:
                ended = await in_db_thread(_ended, list(self._waiting))
                outage.over()
            except Exception as error:  # whoever waits is answered when the time is up
                outage.failed(error)
                ended = []
            for order_id in ended:
                self._end(str(order_id))


_watch = Watch()


def _ended(order_ids: list[str]) -> list[UUID]:
    if not order_ids:
        return []
    orders = Order.objects.filter(id__in=order_ids, status__in=ENDED)
    return list(orders.values_list("id", flat=True))
