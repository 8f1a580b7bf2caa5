"""A bounded pool of threads: all blocking work of a process is done in one of these."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar
from weakref import WeakSet

P = ParamSpec("P")
T = TypeVar("T")
Job = tuple["Future[Any]", Callable[[], Any]]

STUCK_AFTER = 30.0
"""Seconds after which a thread is not expected to come back: statements end sooner."""

_pools: "WeakSet[Threads]" = WeakSet()


class Crowded(Exception):
    """There is more work than the threads can do soon; this was not taken."""


class Threads(Executor):
    """Runs work in at most `size` threads, in the order in which it came.

    What is submitted to `late` has a queue of its own, and both take turns: so many
    answers that end at once do not keep new requests waiting.

    The threads are daemons, unlike those of `ThreadPoolExecutor`: a thread that hangs
    does not keep a process alive that was told to stop.
    """

    def __init__(
        self,
        name: str,
        size: int,
        *,
        longest_wait: float = math.inf,
        usual: float = 0.0,
    ) -> None:
        """Set it up; `longest_wait` (seconds) is what `check_room` allows.

        `usual` is a first guess at the seconds of processor time that work takes.
        """
        self.name, self.size = name, size
        self._longest_wait = longest_wait
        self._usual = usual
        """Seconds that pass between two ends of work while all threads are busy."""
        self.late: Executor = _Late(self)
        self._new: deque[Job] = deque()
        self._late: deque[Job] = deque()
        self._waiting: SimpleQueue[None] = SimpleQueue()
        """One for each job in both queues."""
        self._turn_of_late = False
        self._begun: dict[int, float] = {}
        """When the threads that are at work began, by the thread's id."""
        self._threads = 0
        self._lock = threading.Lock()
        _pools.add(self)

    def check_room(self, share: float = 1.0) -> None:
        """Raise Crowded if work that comes now would wait for too long for a thread.

        `share` is how much of the longest wait this work is allowed.
        """
        new = len(self._new)
        wait = (new + min(new, len(self._late))) * self._usual
        if wait > self._longest_wait * share:
            raise Crowded(f"{self.name}: a thread is free in {wait:.1f} s")

    def submit(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """Have the function called in a thread; raise Crowded if there can be none."""
        return self._put(self._new, lambda: function(*args, **kwargs))

    def problem(self) -> str | None:
        """Return why this pool can do little work, if half of it hangs; else None."""
        since = time.monotonic() - STUCK_AFTER
        stuck = sum(begun < since for begun in list(self._begun.values()))
        if stuck * 2 < self.size:
            return None
        how_many = f"{stuck} of {self.size} threads"
        return f"{how_many} have been busy for more than {STUCK_AFTER:g} s"

    def _put(self, queue: "deque[Job]", job: Callable[[], T]) -> "Future[T]":
        self._start_threads()
        future: Future[T] = Future()
        queue.append((future, job))
        self._waiting.put(None)
        return future

    def _take(self) -> Job:
        """Wait for a job; take it from one queue and the other by turns."""
        self._waiting.get()
        with self._lock:
            self._turn_of_late = not self._turn_of_late
            late_first = self._turn_of_late and self._late
            return (self._late if late_first or not self._new else self._new).popleft()

    def _start_threads(self) -> None:
        """Start all threads with the first work, or as many as there can be."""
        if self._threads:
            return
        with self._lock:
            while self._threads < self.size:
                name = f"{self.name}-{self._threads}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the system's limit of threads
                    if not self._threads:
                        raise Crowded(f"{self.name}: {error}") from error
                    self.size = self._threads
                    break
                self._threads += 1

    def _work(self) -> None:
        me = threading.get_ident()
        while True:
            future, job = self._take()
            if not future.set_running_or_notify_cancel():
                continue
            begun, used = time.monotonic(), time.thread_time()
            self._begun[me] = begun
            result, error = None, None
            try:
                result = job()
            except BaseException as raised:
                error = raised
            self._took(time.monotonic() - begun, time.thread_time() - used)
            del self._begun[me]
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
            del future, job, result, error  # an idle thread keeps nothing alive

    def _took(self, seconds: float, processor_seconds: float) -> None:
        """Note how long a piece of work took; threads take turns at the interpreter."""
        apart = max(processor_seconds, seconds / self.size)
        self._usual += (apart - self._usual) / 8


class _Late(Executor):
    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    def submit(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        threads = self._threads
        return threads._put(threads._late, lambda: function(*args, **kwargs))


def problems() -> dict[str, str]:
    """Return what is wrong with this process's pools, by pool."""
    found = ((f"{pool.name} threads", pool.problem()) for pool in list(_pools))
    return {name: problem for name, problem in found if problem}
