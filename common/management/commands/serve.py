"""`serve`: the interface server (HTTP) of a project."""

from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.http.server import CannotListen, DrainingServer
from common.ops.readiness import Readiness


class Command(BaseCommand):
    """Serves the project's ASGI application until SIGTERM or Ctrl-C."""

    help = "Serve HTTP."

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
        module, _, name = settings.ASGI_APPLICATION.rpartition(".")
        server = DrainingServer(
            getattr(import_module(module), name),
            host=host,
            port=port,
            grace=grace,
            most_body_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            beside=Readiness(of_web=True).watch,
        )
        try:
            server.run()
        except CannotListen as error:
            raise CommandError(f"cannot listen on {host}:{port}: {error}") from error
