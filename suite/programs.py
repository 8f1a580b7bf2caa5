"""The programs of the suite, and in which order they start."""

import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from common.conf.embedded import embedded_bus_url
from common.conf.private import private_folder
from common.contracts.topology import SERVING
from suite import bus
from suite.supervisor import Program, Say, StartFailed, Supervisor, manage, run_to_end


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Bus, web and worker processes of all services, on SQLite files in `run_dir`."""

    run_dir: Path
    bus_url: str
    ports: Mapping[str, int]
    env: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = SERVING

    def start(self, supervisor: Supervisor, say: Say) -> None:
        """Start everything in readiness order: the bus, databases, then the services.

        Raises StartFailed.
        """
        private_folder(self.run_dir)
        self._check_ports()
        if self.bus_is_ours:
            supervisor.start(self.bus())
        with ThreadPoolExecutor() as side_by_side:
            list(side_by_side.map(lambda name: self.prepare(name, say), SERVING))
        supervisor.start(
            *(self.web(name) for name in self.services),
            *(self.worker(name) for name in self.services),
        )

    @property
    def bus_is_ours(self) -> bool:
        """Tell whether the bus is the embedded one, which we have to run."""
        return self.bus_url == embedded_bus_url(self.run_dir)

    def prepare(self, service: str, say: Say) -> None:
        """Migrate and seed a service's database."""
        for command in (("migrate", "-v0"), ("seed",)):
            name = f"{service} {command[0]}"
            argv = manage(service, *command)
            run_to_end(Program(name=name, argv=argv, ready="", env=self._env()), say)

    def bus(self) -> Program:
        """Return the program of the embedded bus."""
        return Program(
            name="bus",
            argv=bus.command(self.run_dir.resolve()),
            ready="eady to accept connections",
        )

    def web(self, service: str) -> Program:
        """Return the program of a service's web process."""
        return Program(
            name=f"{service} web",
            argv=manage(service, "serve", "--port", str(self.ports[service])),
            ready="web started",
            env=self._env(),
        )

    def worker(self, service: str, number: int = 1) -> Program:
        """Return the program of a service's worker process."""
        return Program(
            name=f"{service} worker" + (f" {number}" if number > 1 else ""),
            argv=manage(service, "work"),
            ready="worker started",
            env=self._env(),
        )

    def url(self, service: str) -> str:
        """Return where a service's web process answers."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def _env(self) -> dict[str, str]:
        return {
            "PYTHONUNBUFFERED": "1",
            "RUN_DIR": str(self.run_dir.resolve()),
            "BUS_URL": self.bus_url,
            "SHOP_ORIGIN": f"http://localhost:{self.ports['orders']}",
            **self.env,
        }

    def _check_ports(self) -> None:
        for service in self.services:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", self.ports[service]))
                except OSError as error:
                    port = self.ports[service]
                    raise StartFailed(
                        f"port {port} for {service} is not free: {error}"
                    ) from error
