"""The bounded pool of threads: turns, limits, and what does not come back."""

import subprocess
import sys
import threading
import time
from concurrent.futures import wait

import pytest

from common import threads
from common.threads import Threads


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


def test_everybody_has_a_turn() -> None:
    pool, done = Threads("fair", 1), []
    go_on = held(pool)
    jobs = [pool.put(pool.new, "much", lambda n=n: done.append(n)) for n in range(50)]
    jobs += [pool.put(pool.new, who, lambda w=who: done.append(w)) for who in "abc"]
    go_on.set()
    wait(jobs, 10)
    assert [done.index(who) < 8 for who in "abc"] == [True] * 3
    assert [one for one in done if isinstance(one, int)] == list(range(50))
    assert pool.new.size == pool.new.length("much") == 0


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


def problem_of(pool: Threads) -> str:
    give_up = time.monotonic() + 10
    while (problem := pool.problem()) is None:
        assert time.monotonic() < give_up
    return problem


def test_threads_that_hang_are_a_problem_until_they_are_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "WINDOW", 0.5)
    pool = Threads("hanging", 2, slow_after=0.1)
    go_on, begun = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        go_on.wait(10)

    assert pool.problem() is None
    pool.submit(hang)
    pool.submit(hang)
    begun.wait(10)
    assert problem_of(pool).startswith("held up: ")
    assert "hanging threads" in threads.problems()
    go_on.set()
    give_up = time.monotonic() + 10
    while pool.problem():
        assert time.monotonic() < give_up


def test_threads_that_hang_again_and_again_are_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where each request waits for a lock until its statement is given up."""
    monkeypatch.setattr(threads, "WINDOW", 1.0)
    pool = Threads("locked", 2, slow_after=0.1)
    jobs = [pool.submit(threading.Event().wait, 0.2) for _ in range(10)]
    wait(jobs, 10)
    assert problem_of(pool)


def test_much_work_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WINDOW", 0.3)
    pool = Threads("busy", 2, slow_after=0.2)
    wait([pool.submit(threading.Event().wait, 0.01) for _ in range(100)], 10)
    assert pool.problem() is None


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
