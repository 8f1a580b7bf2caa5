"""A watch on the event loop: a blocking call on it holds up every request at once."""

import asyncio
import selectors
import sys
import threading
import time
import traceback

import structlog

RESTING = {selectors.__file__, asyncio.runners.__file__}
"""Where a thread stands whose loop sleeps: asyncio's own, and uvloop's."""

log = structlog.get_logger(__name__)


def fast_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop: uvloop's, or asyncio's own on Windows."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class EventLoopWatch:
    """Warns while the running event loop is blocked, and names the line it stands at.

    A thread looks whether the loop still beats: blocked code cannot say so itself.
    """

    def __init__(self, seconds: float = 0.5) -> None:
        """Set it up to warn once the loop has not turned for so many seconds."""
        self.stalls = 0
        self._seconds = seconds
        self._beat = time.monotonic()
        self._ended = threading.Event()
        self._beating: asyncio.Task[None] | None = None

    def __enter__(self) -> "EventLoopWatch":
        self._beating = asyncio.create_task(self._keep_beating())
        watched = threading.get_ident()
        threading.Thread(
            target=self._watch, args=(watched,), name="stalls", daemon=True
        ).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        if self._beating:
            self._beating.cancel()

    async def _keep_beating(self) -> None:
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(self._seconds / 4)

    def _watch(self, watched: int) -> None:
        warned_at = 0.0
        while not self._ended.wait(self._seconds / 4):
            beat = self._beat
            if time.monotonic() - beat < self._seconds or beat == warned_at:
                continue
            warned_at = beat  # once for each stall
            frame = sys._current_frames().get(watched)
            where = traceback.extract_stack(frame)[-1] if frame else None
            if where and where.filename in RESTING:
                continue  # it sleeps, and the machine is too busy to wake it
            self.stalls += 1
            log.warning(
                "event loop blocked",
                seconds=round(time.monotonic() - beat, 2),
                where=f"{where.filename}:{where.lineno}" if where else "unknown",
                code=where.line if where else "",
            )
