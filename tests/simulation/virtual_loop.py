"""An event loop that takes no time: when nothing is ready, its clock jumps ahead.

A process of the simulation is a value in the context of its tasks. A dead process's
callbacks never run again, which is what SIGKILL does: `cancel()` would still run every
`finally`.
"""

import asyncio
import contextvars
from asyncio import base_events, events
from collections.abc import Callable
from typing import Any

PROCESS: contextvars.ContextVar[Any] = contextvars.ContextVar("process", default=None)


class Crash(BaseException):
    """The process dies here. Not an Exception: nothing in the code handles it."""


class Deadlock(Exception):
    """Everybody waits, and nothing will ever happen."""


class VirtualLoop(base_events.BaseEventLoop):
    """Virtual time, work of threads done in line, and dead processes left alone."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = _Clockwork(self)
        self.database_seconds: Callable[[], float] = lambda: 0.0
        """How long a piece of work in a thread takes, asked for each."""
        self.crash_inline: Callable[[], None] = lambda: None
        """Asked before and after each piece of work; may raise Crash."""
        self.on_crash: Callable[[Any], None] = lambda process: None

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = super().call_soon(callback, *args, context=context)
        if _owner(handle):
            handle.cancel()
        return handle

    call_soon_threadsafe = call_soon

    def kill(self, process: Any) -> None:
        """Let nothing of a process run any more."""
        process.dead = True
        for handle in (*self._ready, *self._scheduled):  # type: ignore[attr-defined]
            if _owner(handle):
                handle.cancel()

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """Do it in line, after a while, without a running loop: Django insists."""
        future = self.create_future()
        self.call_later(self.database_seconds(), self._work, future, func, args)
        return future

    def _work(self, future: asyncio.Future[Any], func: Any, args: Any) -> None:
        events._set_running_loop(None)
        try:
            self.crash_inline()
            result = func(*args)
            self.crash_inline()
        except Crash:
            process = PROCESS.get()
            assert process is not None
            self.kill(process)
            self.on_crash(process)
        except Exception as error:
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)
        finally:
            events._set_running_loop(self)

    def _process_events(self, event_list: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class _Clockwork:
    """Stands where a loop waits for its files."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Deadlock
        if timeout > 0:
            self._loop._now += timeout
        return []


def _owner(handle: asyncio.Handle) -> bool:
    """Tell whether a callback belongs to a dead process."""
    context = handle._context  # type: ignore[attr-defined]
    process = context.get(PROCESS)
    return process is not None and process.dead
