"""A bounded pool of threads: all blocking work of a process is done in one of these."""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar
from weakref import WeakSet

P = ParamSpec("P")
T = TypeVar("T")
Job = tuple["Future[Any]", Callable[[], Any]]

SLOW_AFTER = 1.0
"""Seconds after which work is said to hang, unless a pool says otherwise."""
WINDOW = 10.0
"""Seconds for which it is remembered that work hung."""

_pools: "WeakSet[Threads]" = WeakSet()


class Crowded(Exception):
    """There is more work than the threads can do soon; this was not taken."""


class Queue:
    """Jobs by whom they are for. Everybody's next job has its turn in a round."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, deque[Job]] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0

    def put(self, whose: str, job: Job) -> None:
        """Add a job."""
        with self._lock:
            self._jobs.setdefault(whose, deque()).append(job)
            self.size += 1

    def take(self) -> Job | None:
        """Return the next job, if there is one."""
        with self._lock:
            if not self.size:
                return None
            whose, jobs = next(iter(self._jobs.items()))
            job = jobs.popleft()
            self.size -= 1
            if jobs:
                self._jobs.move_to_end(whose)
            else:
                del self._jobs[whose]
            return job

    def length(self, whose: str) -> int:
        """Return how many jobs wait of somebody."""
        return len(self._jobs.get(whose, ()))


class Threads(Executor):
    """Runs work in at most `size` threads; work of many is done in turns.

    What is submitted to `late` has a queue of its own, and both take turns: so many
    answers that end at once do not keep new requests waiting.

    The threads are daemons, unlike those of `ThreadPoolExecutor`: a thread that hangs
    does not keep a process alive that was told to stop.
    """

    def __init__(self, name: str, size: int, *, slow_after: float = SLOW_AFTER) -> None:
        """Set it up; see `problem` for `slow_after` (seconds)."""
        self.name, self.size = name, size
        self.late: Executor = _Late(self)
        self.new = Queue()
        self._late = Queue()
        self._waiting: SimpleQueue[None] = SimpleQueue()
        """One for each job in both queues."""
        self._turn_of_late = False
        self._slow_after = slow_after
        self._begun: dict[int, float] = {}
        """When the threads that are at work began, by the thread's id."""
        self._hung: deque[tuple[float, float]] = deque(maxlen=1000)
        """When work that hung began and ended."""
        self._threads = 0
        self._lock = threading.Lock()
        _pools.add(self)

    def submit(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """Have the function called in a thread; raise Crowded if there can be none."""
        return self.put(self.new, "", lambda: function(*args, **kwargs))

    def put(self, queue: Queue, whose: str, job: Callable[[], T]) -> "Future[T]":
        """Have somebody's job done, from one of the two queues."""
        self._start_threads()
        future: Future[T] = Future()
        queue.put(whose, (future, job))
        self._waiting.put(None)
        return future

    def problem(self) -> str | None:
        """Return why this pool can do little work, or None.

        That is so while half of its threads' time goes to work that takes longer than
        `slow_after`: something that all of it needs is held up.
        """
        now = time.monotonic()
        hung = [*self._hung, *((begun, now) for begun in list(self._begun.values()))]
        seconds = sum(
            ended - max(begun, now - WINDOW)
            for begun, ended in hung
            if ended - begun > self._slow_after and ended > now - WINDOW
        )
        share = seconds / (self.size * WINDOW)
        if share < 0.5:
            return None
        return f"held up: {share:.0%} of their time goes to work that hangs"

    def _take(self) -> Job:
        """Wait for a job; take it from one queue and the other by turns."""
        self._waiting.get()
        self._turn_of_late = not self._turn_of_late
        first, second = self.new, self._late
        if self._turn_of_late:
            first, second = second, first
        while True:  # another thread may take one before its turn: there is another
            if job := first.take() or second.take():
                return job

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
            begun = self._begun[me] = time.monotonic()
            result, error = None, None
            try:
                result = job()
            except BaseException as raised:
                error = raised
            ended = time.monotonic()
            if ended - begun > self._slow_after:
                self._hung.append((begun, ended))
            del self._begun[me]
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
            del future, job, result, error  # an idle thread keeps nothing alive


class _Late(Executor):
    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    def submit(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        threads = self._threads
        return threads.put(threads._late, "", lambda: function(*args, **kwargs))


def never_slow(name: str, size: int) -> Threads:
    """Return a pool for work that may take as long as it likes."""
    return Threads(name, size, slow_after=math.inf)


def problems() -> dict[str, str]:
    """Return what is wrong with this process's pools, by pool."""
    found = ((f"{pool.name} threads", pool.problem()) for pool in list(_pools))
    return {name: problem for name, problem in found if problem}
