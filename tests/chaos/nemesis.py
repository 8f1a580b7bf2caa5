"""The nemesis: draws faults from its seed, strikes, and heals what it struck."""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import redis

from common.contracts.demo_gateway import SetGatewayFaults
from common.contracts.topology import SERVING
from tests.chaos.proxy import Direction
from tests.chaos.stage import Stage

AT_ONCE = 3
"""Faults that may last side by side."""
LONGEST = 14.0
"""Seconds of the longest fault: longer than a lease, after which another takes over."""


@dataclass(frozen=True)
class Strike:
    """A fault that happened, in seconds since the beginning."""

    kind: str
    victim: str
    begun: float
    ended: float


class Nemesis:
    """Strikes from the moment that it is started until it is stopped."""

    def __init__(self, stage: Stage, seed: int, pause: float) -> None:
        """Leave `pause` seconds between two faults, on average."""
        self.strikes: list[Strike] = []
        self.failures: list[str] = []
        """What the nemesis itself could not do, which would be a fault of its own."""
        self._stage = stage
        self._rng = random.Random(seed)
        self._pause = pause
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._places = threading.Semaphore(AT_ONCE)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._kinds: list[tuple[int, Callable[[random.Random], tuple[str, str]]]] = [
            (5, self._kill),
            (3, self._stop_and_continue),
            (2, self._restart_the_bus),
            (2, self._pause_the_bus),
            (2, self._kill_connections),
            (2, self._flush),
            (4, self._hold_one_direction),
            (3, self._disturb_a_database),
            (2, self._make_the_gateway_unreliable),
        ]

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Strike no more, and return when everything is healed."""
        self._stopping.set()
        self._thread.join()
        self._pool.shutdown()

    def _run(self) -> None:
        weights = [weight for weight, _ in self._kinds]
        while not self._stopping.wait(self._rng.uniform(0, 2 * self._pause)):
            [(_, kind)] = self._rng.choices(self._kinds, weights)
            dice = random.Random(self._rng.random())
            self._places.acquire()
            self._pool.submit(self._strike, kind, dice)

    def _strike(
        self, kind: Callable[[random.Random], tuple[str, str]], dice: random.Random
    ) -> None:
        begun = self._stage.seconds()
        try:
            name, victim = kind(dice)
        except ProcessLookupError:
            pass  # it died a moment ago
        except Exception as error:
            self.failures.append(f"{kind.__name__}: {error!r}")
        else:
            strike = Strike(name, victim, begun, self._stage.seconds())
            self.strikes.append(strike)
        finally:
            self._places.release()

    # processes

    def _kill(self, dice: random.Random) -> tuple[str, str]:
        name = dice.choice(self._stage.victims())
        os.kill(self._stage.supervisor.pid(name), signal.SIGKILL)
        return "SIGKILL", name

    def _stop_and_continue(self, dice: random.Random) -> tuple[str, str]:
        name = dice.choice(self._stage.victims())
        pid = self._stage.supervisor.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            self._wait(dice.uniform(0.5, LONGEST))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return "SIGSTOP, SIGCONT", name

    # the bus

    def _restart_the_bus(self, dice: random.Random) -> tuple[str, str]:
        os.kill(self._stage.supervisor.pid("bus"), signal.SIGKILL)
        return "bus restarted empty", "bus"

    def _pause_the_bus(self, dice: random.Random) -> tuple[str, str]:
        milliseconds = dice.randint(200, 5000)
        mode = dice.choice(("ALL", "WRITE"))
        self._command("CLIENT", "PAUSE", milliseconds, mode)
        self._wait(milliseconds / 1000)
        return "CLIENT PAUSE", mode

    def _kill_connections(self, dice: random.Random) -> tuple[str, str]:
        self._command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        return "CLIENT KILL", "bus"

    def _flush(self, dice: random.Random) -> tuple[str, str]:
        self._command("FLUSHALL")
        return "FLUSHALL", "bus"

    def _command(self, *words: object) -> None:
        bus = redis.Redis.from_url(self._stage.bus_url, socket_timeout=10)
        with bus, contextlib.suppress(redis.ConnectionError):  # it is down already
            bus.execute_command(*words)  # type: ignore[no-untyped-call]

    # networks

    def _hold_one_direction(self, dice: random.Random) -> tuple[str, str]:
        service = dice.choice(SERVING)
        proxy = self._stage.proxies[service]
        direction: Direction = dice.choice(("to the bus", "from the bus"))
        proxy.hold(direction)
        self._wait(dice.uniform(0.2, 6))
        if cut := dice.random() < 0.5:
            proxy.cut()
        proxy.let_go(direction)
        return ("cut one direction" if cut else "held one direction"), service

    # databases and the gateway

    def _disturb_a_database(self, dice: random.Random) -> tuple[str, str]:
        service = dice.choice(SERVING)
        return self._stage.databases.disturb(service, dice.uniform(0.2, 4)), service

    def _make_the_gateway_unreliable(self, dice: random.Random) -> tuple[str, str]:
        faults = SetGatewayFaults(
            timeout_before=dice.choice((0.0, 0.3)),
            timeout_after=dice.choice((0.1, 0.5)),
            refuse_refunds=dice.choice((0.0, 0.5)),
        )
        self._stage.notify(faults)
        self._wait(dice.uniform(1, 8))
        self._stage.notify(SetGatewayFaults())
        return "gateway unreliable", "payments"

    def _wait(self, seconds: float) -> None:
        """Wait, but no longer than the run lasts."""
        give_up = time.monotonic() + seconds
        self._stopping.wait(give_up - time.monotonic())
