"""An outage of the bus, seen by many tasks at once and waited out by all of them."""

import asyncio

import structlog

from common.backoff import full_jitter

log = structlog.get_logger(__name__)


class Outage:
    """Says once that the bus is lost, and makes all pause as long as the first."""

    def __init__(self) -> None:
        self._attempt = 0
        self._pause: asyncio.Task[None] | None = None

    async def pause(self, error: Exception) -> None:
        """Wait before the next attempt: the more have failed, the longer."""
        if self._pause is None or self._pause.done():
            self._attempt += 1
            log.warning("cannot receive", error=repr(error), attempt=self._attempt)
            seconds = full_jitter(self._attempt, base=0.1, cap=2)
            self._pause = asyncio.create_task(asyncio.sleep(seconds))
        await asyncio.wait({self._pause})

    def over(self) -> None:
        """Take note that messages arrive."""
        if self._attempt:
            log.info("receiving again", attempts=self._attempt)
            self._attempt = 0
