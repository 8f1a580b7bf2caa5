"""Child processes: started in order, watched, restarted, and surely stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

from common.conf.embedded import ROOT
from common.conf.private import OTHERS
from suite.guard import Guard

Say = Callable[[str, str], None]
"""Takes a program's name and a line that it wrote or that is about it."""


class StartFailed(Exception):
    """A program ended, or was not ready in time."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, and the words in its output that say it is ready."""

    name: str
    argv: list[str]
    ready: str
    env: Mapping[str, str] = field(default_factory=dict)


class Child:
    """A running program."""

    def __init__(self, program: Program, say: Say) -> None:
        self.program = program
        self.is_ready = threading.Event()
        self._say = say
        self.process = subprocess.Popen(  # noqa: S603 our own programs
            program.argv,
            env={**os.environ, **program.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the supervisor alone
            umask=OTHERS,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        output: IO[str] | None = self.process.stdout
        assert output is not None
        for line in output:
            if self.program.ready in line:
                self.is_ready.set()
            self._say(self.program.name, line.rstrip())
        output.close()

    def wait_until_ready(self, seconds: float) -> None:
        """Return once the program is ready; raise StartFailed if it never will be."""
        give_up = time.monotonic() + seconds
        while not self.is_ready.wait(0.02):
            if self.process.poll() is not None:
                raise StartFailed(
                    f"{self.program.name} ended with {self.process.returncode}"
                )
            if time.monotonic() > give_up:
                raise StartFailed(f"{self.program.name}: not ready in {seconds:g} s")

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, seconds: float) -> None:
        """Wait for the end; kill what takes longer."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)


class Supervisor:
    """Keeps programs running until it is stopped. Use it as a context manager."""

    def __init__(self, say: Say | None = None, *, restart: bool = True) -> None:
        self._say = say or (lambda name, line: None)
        self._restart = restart
        self._children: dict[str, Child] = {}
        self._watched: set[str] = set()
        self._guard = Guard()
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Supervisor":
        self._watcher.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop_all()

    def start(self, *programs: Program, within: float = 60) -> None:
        """Start programs side by side and return when all are ready."""
        with self._lock:
            children = [self._begin(program) for program in programs]
        for child in children:
            child.wait_until_ready(within)
            self._watched.add(child.program.name)

    def kill(self, name: str) -> None:
        """SIGKILL a program and leave it dead."""
        self._end(name, signal.SIGKILL, 5)

    def stop(self, name: str, *, within: float = 15) -> int | None:
        """SIGTERM a program, wait for its end and return its exit status."""
        return self._end(name, signal.SIGTERM, within)

    def names(self) -> list[str]:
        """Return the names of all programs that are meant to run."""
        return list(self._children)

    def pid(self, name: str) -> int:
        """Return the process id of a running program."""
        return self._children[name].process.pid

    def stop_all(self) -> None:
        """Stop everything: the last to start is the first to go."""
        self._stopping.set()
        with self._lock:
            children = list(reversed(self._children.values()))
            self._children.clear()
        bus_last = sorted(children, key=lambda child: child.program.name == "bus")
        for child in bus_last:
            if child.program.name != "bus":
                child.signal(signal.SIGTERM)
        for child in bus_last:
            child.signal(signal.SIGTERM)
            self._wait(child, 15)
        if self._watcher.is_alive():
            self._watcher.join(5)
        self._guard.close()

    def _end(self, name: str, number: int, within: float) -> int | None:
        with self._lock:
            self._watched.discard(name)
            child = self._children.pop(name)
        child.signal(number)
        self._wait(child, within)
        return child.process.returncode

    def _begin(self, program: Program) -> Child:
        child = self._children[program.name] = Child(program, self._say)
        self._guard.started(child.process.pid)
        return child

    def _wait(self, child: Child, within: float) -> None:
        child.wait(within)
        self._guard.ended(child.process.pid)

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            with self._lock:
                dead = [
                    child
                    for name, child in self._children.items()
                    if name in self._watched and child.process.poll() is not None
                ]
                for child in dead:
                    self._bring_back(child)

    def _bring_back(self, child: Child) -> None:
        name, status = child.program.name, child.process.returncode
        if not self._restart:
            self._watched.discard(name)
            self._say(name, f"died with {status}")
            return
        self._say(name, f"died with {status}; starting it again")
        self._stopping.wait(0.5)  # a program that cannot start must not spin
        if not self._stopping.is_set():
            self._guard.ended(child.process.pid)
            self._begin(child.program)


def run_to_end(program: Program, say: Say, *, within: float = 120) -> None:
    """Run a program that ends by itself; raise StartFailed unless it ends with 0."""
    child = Child(program, say)
    child.wait(within)
    if child.process.returncode != 0:
        raise StartFailed(f"{program.name} ended with {child.process.returncode}")


def manage(*words: str) -> list[str]:
    """Return the command line of `./manage.py WORDS` with this Python."""
    return [sys.executable, str(ROOT / "manage.py"), *words]
