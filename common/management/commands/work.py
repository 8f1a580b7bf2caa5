"""`work`: the worker of a project, serving its channel and running its jobs."""

import asyncio
import signal
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import autoreload

from common.conf.embedded import embedded_bus_url
from common.ops import bus_check, health_port
from common.ops.event_loop import fast_loop
from common.ops.readiness import Readiness
from common.rpc import process_client
from common.rpc.transports.layer import ChannelLayer
from common.rpc.worker import Worker


class Command(BaseCommand):
    """Serves the services that live in this project until SIGTERM or Ctrl-C."""

    help = "Answer requests from the channel layer and run periodic jobs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the limits and the development mode."""
        parser.add_argument(
            "--slots", type=int, default=32, help="requests in hand at a time"
        )
        parser.add_argument(
            "--grace", type=float, default=10, help="seconds to finish on SIGTERM"
        )
        parser.add_argument(
            "--health-port",
            type=int,
            metavar="PORT",
            help="answer /health/live and /health/ready on 127.0.0.1",
        )
        parser.add_argument(
            "--reload", action="store_true", help="start again when the code changes"
        )

    def handle(self, *args: Any, reload: bool, **options: Any) -> None:
        """Run the worker, under Django's autoreloader if asked to."""
        if options["slots"] < 1:
            raise CommandError("--slots: expected at least 1")
        if not 0 <= options["grace"] <= 3600:  # nor is NaN
            raise CommandError("--grace: expected seconds from 0 to 3600")
        if not 1 <= (options["health_port"] or 1) <= 65_535:
            raise CommandError("--health-port: expected a port from 1 to 65535")
        embedded = embedded_bus_url(settings.RUN_DIR) == settings.BUS_URL
        if (
            bus_check.is_needed()
            and embedded
            and (problem := bus_check.problem_with(settings.BUS_URL))
        ):
            raise CommandError(
                f"{problem}\nStart the embedded bus with ./manage.py bus, "
                "or set BUS_URL to a Valkey or Redis server."
            )
        if reload:
            autoreload.run_with_reloader(self._work, signals=False, **options)
        else:
            self._work(signals=True, **options)

    def _work(self, **options: Any) -> None:
        for database in connections.settings.values():
            if "pool" not in database["OPTIONS"]:  # our threads keep a connection each
                database["CONN_MAX_AGE"] = None
        with asyncio.Runner(loop_factory=fast_loop) as runner:
            runner.run(self._serve(**options))

    async def _serve(
        self,
        *,
        slots: int,
        grace: float,
        signals: bool,
        health_port: int | None,
        **options: Any,
    ) -> None:
        process_client.bind()
        layer = (
            cast(ChannelLayer, get_channel_layer()) if bus_check.is_needed() else None
        )
        try:
            workers = [
                Worker(
                    process_client.find_service(name), layer, slots=slots, grace=grace
                )
                for name in settings.LIVING_HERE
            ]
        except ValueError as error:
            raise CommandError(str(error)) from error
        if signals:  # the reloader runs this in a thread and handles them itself
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, self._stop, workers)
        async with watched(health_port):
            await asyncio.gather(*(worker.run() for worker in workers))
        await process_client.close()

    @staticmethod
    def _stop(workers: list[Worker]) -> None:
        for worker in workers:
            worker.stop()


@asynccontextmanager
async def watched(port: int | None) -> AsyncIterator[None]:
    """Watch this process's readiness during the block, and tell it at a port, if any.

    Raises CommandError if the port cannot be had.
    """
    readiness = Readiness()
    server: asyncio.Server | None = None
    if port:
        try:
            server = await health_port.listen(port, readiness)
        except OSError as error:
            raise CommandError(f"--health-port {port}: {error.strerror}") from error
    watch = asyncio.create_task(readiness.watch())
    try:
        yield
    finally:
        watch.cancel()
        if server:
            server.close()
