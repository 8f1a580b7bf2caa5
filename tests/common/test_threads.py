"""The bounded pool of threads: turns, limits, and what does not come back."""

import subprocess
import sys
import threading
import time
from concurrent.futures import wait

import pytest

from common import threads
from common.threads import Crowded, Threads


def held(pool: Threads) -> threading.Event:
    """Keep all threads of a pool busy until the event is set."""
    go_on, begun = threading.Event(), threading.Barrier(pool.size + 1)

    def hold() -> None:
        begun.wait(10)
        go_on.wait(10)

    for _ in range(pool.size):
        pool.submit(hold)
    begun.wait(10)
    return go_on


def test_new_and_late_work_take_turns() -> None:
    pool, done = Threads("turns", 1), []
    go_on = held(pool)
    jobs = [pool.late.submit(done.append, f"late {n}") for n in range(20)]
    jobs += [pool.submit(done.append, f"new {n}") for n in range(3)]
    go_on.set()
    wait(jobs, 10)
    assert [done.index(f"new {n}") < 7 for n in range(3)] == [True] * 3
    assert [one for one in done if one[0] == "l"] == [f"late {n}" for n in range(20)]
    assert len(done) == 23


def test_the_longer_work_takes_the_less_may_wait() -> None:
    quick = Threads("quick", 2, longest_wait=1, usual=0.1)
    go_on = held(quick)
    admitted = 0
    with pytest.raises(Crowded, match=r"a thread is free in 1\.1 s"):
        while True:
            quick.check_room()
            quick.submit(int)
            admitted += 1
    assert admitted == 11
    with pytest.raises(Crowded):
        quick.check_room(0.5)
    go_on.set()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_work_raises_its_thread_goes_on(error: type[BaseException]) -> None:
    pool = Threads("raising", 1)

    def fail() -> None:
        raise error

    with pytest.raises(error):
        pool.submit(fail).result(10)
    assert pool.submit(int, "7").result(10) == 7


def test_cancelled_work_is_not_done() -> None:
    pool, done = Threads("cancelled", 1), []
    go_on = held(pool)
    job = pool.submit(done.append, 1)
    assert job.cancel()
    go_on.set()
    pool.submit(int).result(10)
    assert done == []


def test_half_of_the_threads_hanging_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "STUCK_AFTER", 0.05)
    pool = Threads("half", 2)
    go_on, begun = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        go_on.wait(10)

    assert pool.problem() is None
    pool.submit(hang)
    begun.wait(10)
    give_up = time.monotonic() + 10
    while (problem := pool.problem()) is None:
        assert time.monotonic() < give_up
    assert problem == "1 of 2 threads have been busy for more than 0.05 s"
    assert threads.problems()["half threads"] == problem
    go_on.set()


NO_MORE_THREADS = """
import threading
from common.threads import Crowded, Threads

start, started = threading.Thread.start, []

def refuse(thread):
    if len(started) >= MOST:
        raise RuntimeError("can't start new thread")
    started.append(thread)
    start(thread)

threading.Thread.start = refuse
pool = Threads("few", 8)
try:
    print(pool.submit(int, "7").result(10), pool.size)
except Crowded as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("most", "said"), [(3, "7 3"), (1, "7 1"), (0, "few: can't start new thread")]
)
def test_it_does_with_the_threads_that_the_system_grants(most: int, said: str) -> None:
    code = NO_MORE_THREADS.replace("MOST", str(most))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30
    )
    assert done.stdout.strip() == said, done.stderr


def test_a_thread_that_hangs_keeps_no_process_alive() -> None:
    code = """
import threading, time
from common.threads import Threads
begun = threading.Event()
Threads("hanging", 1).submit(lambda: (begun.set(), time.sleep(60)))
begun.wait(10)
"""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    assert time.monotonic() - begun < 30
