"""Where messages for one channel meet those who wait for them in this process."""

import asyncio
from collections import deque

from common.channel_layer.frame import Frame


class Inbox:
    """A queue that knows its waiters. Its methods are named like `asyncio.Queue`'s.

    A message goes straight to the one who waited longest. Above `maxsize` the oldest
    message is dropped, so a receiver that has stopped cannot fill the memory.
    """

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self.waiters: deque[asyncio.Future[Frame]] = deque()
        self.dropped = 0
        self._frames: deque[Frame] = deque()

    def qsize(self) -> int:
        """Return the number of messages nobody has taken."""
        return len(self._frames)

    def empty(self) -> bool:
        """Tell whether there is no message."""
        return not self._frames

    def full(self) -> bool:
        """Tell whether the next message will push out the oldest."""
        return len(self._frames) >= self.maxsize

    def put_nowait(self, frame: Frame) -> None:
        """Hand the message to the first waiter, or keep it."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(frame)
                return
        if self.full():
            self._frames.popleft()
            self.dropped += 1
        self._frames.append(frame)

    def get_nowait(self) -> Frame:
        """Return the oldest message, or raise IndexError."""
        return self._frames.popleft()

    def wait(self) -> asyncio.Future[Frame]:
        """Get in line for the next message."""
        waiter: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        return waiter

    def leave(self, waiter: asyncio.Future[Frame]) -> None:
        """Get out of line; a message that was just handed over goes to the next."""
        if waiter in self.waiters:
            self.waiters.remove(waiter)
        elif waiter.done() and not waiter.cancelled() and not waiter.exception():
            if self.waiters:
                self.put_nowait(waiter.result())
            else:
                self._frames.appendleft(waiter.result())

    def fail(self, error: Exception) -> None:
        """Raise an error in all who wait."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_exception(type(error)(*error.args))

    def drop_expired(self) -> int:
        """Drop messages that are too old and return how many there were."""
        count = 0
        while self._frames and self._frames[0].expired:
            self._frames.popleft()
            count += 1
        return count
