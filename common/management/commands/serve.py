"""`serve`: the interface server (HTTP) of a project."""

from argparse import ArgumentParser
from importlib import import_module
from typing import Any

import structlog
from daphne.endpoints import build_endpoint_description_strings
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.http.server import DrainingServer
from common.ops.readiness import Readiness

BACKLOG = 1024
"""Connections that may wait to be accepted; the system's limit may be lower."""

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """Serves the project's ASGI application with Daphne until SIGTERM or Ctrl-C."""

    help = "Serve HTTP with Daphne."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define where to listen."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument(
            "--grace", type=float, default=10, help="seconds to finish on SIGTERM"
        )

    def handle(
        self, *args: Any, host: str, port: int, grace: float, **options: Any
    ) -> None:
        """Run the server in this process."""
        if not 0 < port < 65_536:
            raise CommandError("--port: expected a port from 1 to 65535")
        if not host:
            raise CommandError("--host: expected an address, like 127.0.0.1 or ::1")
        if not 0 <= grace <= 3600:  # nor is NaN
            raise CommandError("--grace: expected seconds from 0 to 3600")
        endpoints = build_endpoint_description_strings(host=host, port=port)
        module, _, name = settings.ASGI_APPLICATION.rpartition(".")
        server = DrainingServer(
            grace=grace,
            most_body_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            beside=Readiness(of_web=True).watch,
            application=getattr(import_module(module), name),
            endpoints=[f"{where}:backlog={BACKLOG}" for where in endpoints],
            verbosity=0,
            server_name=settings.SERVICE,
            ready_callable=lambda: log.info("web started", host=host, port=port),
        )
        server.run()
        if not server.listening_addresses:
            raise SystemExit(f"cannot listen on {host}:{port}; is the port in use?")
