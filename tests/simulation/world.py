"""One seed: some orders, three services with one or two workers each, misfortunes."""

import asyncio
import contextvars
import copy
import random
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection, transaction

from common import backoff, clock, sql, together
from common.database import in_db_thread
from common.rpc import process_client
from common.rpc import worker as worker_module
from common.rpc.client import Client
from common.rpc.service import Periodic, Service
from common.rpc.transports.channel import Channel
from common.rpc.worker import Worker
from common.saga import leases
from inventory import holding
from payments import entries, late_refunds, ledger
from tests.simulation import tables
from tests.simulation.bus import Bus, Layer
from tests.simulation.checks import violations
from tests.simulation.coverage import counted
from tests.simulation.customers import Customer, Script
from tests.simulation.faults import Faults, Occasion
from tests.simulation.gateway import FarGateway
from tests.simulation.virtual_loop import PROCESS, Crash, VirtualLoop

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
SERVICES = ("orders", "inventory", "payments")
TROUBLE = 1.0, 4.0
"""Seconds, at least and at most, between two price lists; up to three are issued."""
ORDER_DEADLINE = 6.0
"""Seconds, at most."""
AHEAD = 1.5
"""Seconds by which a service's clock is ahead of the others', where one is: with
more than a request's time-out nobody serves requests in time."""
LONG = ORDER_DEADLINE + 1
"""Seconds, at most, for which a process may stand still."""
LEASES = 0.02, 0.2, 12.0
"""Of an order, one to a seed: with a short one several run one order at once."""
HOLDS_BEYOND_DEADLINE = 0.0, 3.0
REFUNDS_LEFT_ALONE = 0.2, 10.0
"""Until payments' own sweeper goes on with a refund, beside whoever asked for it."""
END = 60.0
"""Seconds after the trouble in which all must have come to its end."""


class Process:
    """A process: its end of the bus, its client, and the context of its tasks."""

    def __init__(self, world: "World", service: str, number: int) -> None:
        self.name = f"{service}{number}"
        self.service = service
        self.dead = False
        self.layer = Layer(world.bus, self.name, world.crash_point)
        channel = Channel(self.layer)
        self.client = Client(service, dict.fromkeys(SERVICES, channel))
        self.context = contextvars.Context()
        self.context.run(PROCESS.set, self)


class World:
    """What one seed makes."""

    skus = ("CUP", "LAST", "POT")
    tokens = tables.TOKENS

    def __init__(
        self,
        seed: int,
        *,
        orders: int = 4,
        schedule: Collection[Occasion] | None = None,
        script: Script | None = None,
    ) -> None:
        self.rng = random.Random(f"course {seed}")
        self.faults = Faults(random.Random(f"faults {seed}"), schedule)
        self.met: Counter[str] = Counter()
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(lambda loop, context: None)
        self.loop.database_seconds = self._database_seconds
        self.loop.crash_inline = self.crash_inline
        self.loop.on_crash = self._mourn
        self.bus = Bus(self.loop, self.faults, self.rng)
        self.script = script
        self.customers = [
            Customer(self, script) for _ in range(1 if script else orders)
        ]
        self._numbers = 0
        self._all_awake_at = 0.0
        self._seen: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._web: Process | None = None

    def run(self) -> list[str]:
        """Let it happen and return the violations."""
        tables.reset()
        with self._replaced():
            asyncio.set_event_loop(self.loop)
            process_client._loop = self.loop
            try:
                return self.loop.run_until_complete(self._course())
            finally:
                process_client._loop = None
                asyncio.set_event_loop(None)

    async def _course(self) -> list[str]:
        script = self.script
        for service in SERVICES:
            late = ORDER_DEADLINE if script and script.late == service else 0
            for _ in range(2 if script else self.rng.choice((1, 2))):
                self.loop.call_later(late, self._work, service)
        shopping = [self.loop.create_task(one.shop()) for one in self.customers]
        if script is None:
            for _ in range(self.rng.randint(1, 3)):
                await asyncio.sleep(self.rng.uniform(*TROUBLE))
                await in_db_thread(tables.change_prices)
            self.faults.off = True
        await asyncio.gather(*shopping)
        await self._settle()
        while self.bus.hurry() or self.loop.time() < self._all_awake_at:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        await self._settle()
        for customer in self.customers:
            customer.look()
        return self._seen + await in_db_thread(violations, self.customers)

    async def _settle(self) -> None:
        """Wait until nothing is under way in the databases, for a minute at most."""
        end = self.loop.time() + END
        while self.loop.time() < end and not tables.all_settled():  # noqa: ASYNC110
            await asyncio.sleep(0.5)

    def uuid4(self) -> uuid.UUID:
        """Return an id that the seed decides."""
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)

    def web(self) -> Process:
        """Return the web process that runs now."""
        if self._web is None or self._web.dead:
            self._web = self._process("web")
        return self._web

    def _database_seconds(self) -> float:
        """Return how long a thread takes to come to its work; some wait for long."""
        if PROCESS.get() is not None and self.faults.happens("stall"):
            seconds = (
                self.script.stall if self.script else self.rng.uniform(0, LONG / 2)
            )
            self._all_awake_at = max(self._all_awake_at, self.loop.time() + seconds)
            return seconds
        return self.rng.uniform(0, 0.002)

    def _clock(self) -> datetime:
        """Tell the time as the process that asks has it."""
        process, script = PROCESS.get(), self.script
        is_ahead = process and script and script.ahead == process.service
        return BEGUN + timedelta(seconds=self.loop.time() + (AHEAD if is_ahead else 0))

    def _process(self, service: str) -> Process:
        self._numbers += 1
        return Process(self, service, self._numbers)

    def _work(self, service: str) -> None:
        process = self._process(service)
        worker = Worker(self._unhurried(service), process.layer, slots=4)
        self._tasks.append(self.loop.create_task(worker.run(), context=process.context))

    def _unhurried(self, name: str) -> Service:
        """Return a service whose workers sweep at a pace of their own.

        On a given way all sweep often, so that one does while another stands still.
        """
        service = copy.copy(process_client.find_service(name))
        pace = 1 if self.script else self.rng.choice((1, 3, 6))
        service.jobs = [Periodic(job.job, job.seconds * pace) for job in service.jobs]
        return service

    async def crash_point(self, where: str) -> None:
        """Die here, perhaps: nothing of the process runs after this."""
        process = PROCESS.get()
        if process is not None and self.faults.happens("crash"):
            self.loop.kill(process)
            self._mourn(process)
            await self.loop.create_future()

    def crash_inline(self) -> None:
        """Die here, perhaps, in the midst of a transaction."""
        if PROCESS.get() is not None and self.faults.happens("crash"):
            raise Crash

    def _mourn(self, process: Any) -> None:
        if process.service in SERVICES:
            seconds = self.rng.uniform(0.1, 3)
            nobody = contextvars.Context()
            self.loop.call_later(seconds, self._work, process.service, context=nobody)

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """Put ours in place of the clock, the dice and the networks."""
        loop, rng = self.loop, self.rng
        far = FarGateway(loop, self.faults, rng, self.crash_point)
        deadline = ORDER_DEADLINE
        if self.script is None and rng.random() < 0.5:
            deadline *= rng.random() ** 2  # so short that much is cut off by it
        lease = self.script.lease if self.script else rng.choice(LEASES)
        alone = 0.2 if self.script else rng.choice(REFUNDS_LEFT_ALONE)
        beyond = 0 if self.script else rng.choice(HOLDS_BEYOND_DEADLINE)

        def leave(atomic: Any, kind: Any, error: Any, trace: Any) -> Any:
            outermost = not connection.savepoint_ids and kind is None
            if outermost:
                try:
                    self.crash_inline()
                except Crash as crash:
                    exit_atomic(atomic, Crash, crash, None)
                    raise
            exit_atomic(atomic, kind, error, trace)
            if outermost:
                self._seen = self._seen or tables.oversold()
                self.crash_inline()

        def run_statement(*args: Any, **values: Any) -> Any:
            rows = run(*args, **values)
            if not connection.in_atomic_block:  # it is a transaction by itself
                self.crash_inline()
            return rows

        run, exit_atomic = sql.run, transaction.Atomic.__exit__
        virtual = SimpleNamespace(perf_counter=loop.time, monotonic=loop.time)
        dice = SimpleNamespace(SystemRandom=lambda: rng, Random=random.Random)
        with ExitStack() as stack:
            for target, name, ours in (
                (process_client, "client", lambda: PROCESS.get().client),
                (together, "where", lambda: PROCESS.get() or loop),
                (uuid, "uuid4", self.uuid4),
                (worker_module, "EventLoopWatch", nullcontext),
                (worker_module, "time", virtual),
                (backoff, "random", dice),
                (ledger, "gateway", lambda: far),
                (late_refunds, "gateway", lambda: far),
                (holding, "HOLD_BEYOND_DEADLINE", timedelta(seconds=beyond)),
                (settings, "ORDER_DEADLINE", deadline),
                (leases, "LEASE", lease),
                (entries, "SWEEP_AFTER", alone),
                (transaction.Atomic, "__exit__", leave),
                (sql, "run", run_statement),
            ):
                stack.enter_context(mock.patch.object(target, name, ours))
            stack.enter_context(counted(self.met))
            real = clock.use(self._clock)
            stack.callback(clock.use, real)
            yield
