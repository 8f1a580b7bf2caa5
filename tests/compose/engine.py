"""A compose project of our own, brought up and surely taken down."""

import json
import os
import shutil
import subprocess
import time
from typing import Any

from common.conf.embedded import ROOT

PROJECT = "cutpoints-test"
GENEROUS = {
    f"THROTTLE_{name}": "100000/min" for name in ("ORDERS", "READS", "CARDS", "LOGIN")
}


class Failed(Exception):
    """Something was not as docs/deploy.md says."""


class Stack:
    """The suite under docker-compose. Use it as a context manager."""

    def __init__(self) -> None:
        if shutil.which("docker-compose"):
            self._compose = ["docker-compose", "-p", PROJECT]
        else:
            self._compose = ["docker", "compose", "-p", PROJECT]

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *exception: object) -> None:
        self.compose("--profile", "tools", "down", "-v", "--remove-orphans")
        if left := self.docker("ps", "-aq", *ours()).split():
            raise Failed(f"containers were left: {left}")

    def compose(self, *words: str, within: float = 120) -> str:
        """Run docker-compose and return what it wrote; raise Failed if it fails."""
        return run([*self._compose, *words], within)

    def docker(self, *words: str) -> str:
        """Run docker and return what it wrote; raise Failed if it fails."""
        return run(["docker", *words], 60)

    def containers(self) -> list[dict[str, Any]]:
        """Return what the engine knows of each container of the project."""
        ids = self.docker("ps", "-aq", *ours()).split()
        found: list[dict[str, Any]] = json.loads(self.docker("inspect", *ids) or "[]")
        return found

    def wait_until_healthy(self, within: float = 180) -> float:
        """Wait until all that lasts is healthy and the rest has ended well, seconds."""
        began = time.monotonic()
        while bad := {name(one): state(one) for one in self.containers() if ill(one)}:
            if time.monotonic() > began + within:
                raise Failed(f"not healthy after {within:g} s: {bad}")
            time.sleep(0.5)
        return time.monotonic() - began

    def mib_in_use(self) -> float:
        """Return the memory of all containers together, as `docker stats` shows it."""
        ids = self.docker("ps", "-q", *ours()).split()
        used = self.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *ids)
        units = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
        words = [line.split(" / ")[0].strip() for line in used.splitlines()]
        return sum(float(word[:-3]) * units[word[-3:]] for word in words)

    def python(self, service: str, program: str) -> str:
        """Run a Python program in a service's container and return what it printed."""
        return self.compose("exec", "-T", service, "python", "-c", program)


def ours() -> tuple[str, str]:
    """Return the filter for containers of the project."""
    return "--filter", f"label=com.docker.compose.project={PROJECT}"


def name(container: dict[str, Any]) -> str:
    """Return the name of a container's service."""
    service: str = container["Config"]["Labels"]["com.docker.compose.service"]
    return service


def state(container: dict[str, Any]) -> str:
    """Return how a container is: healthy, exited 0, and so on."""
    is_now = container["State"]
    if is_now["Status"] == "running":
        health: str = is_now.get("Health", {}).get("Status", "without a health check")
        return health
    return f"{is_now['Status']} {is_now['ExitCode']}"


def ill(container: dict[str, Any]) -> bool:
    """Tell whether a container is anything but healthy or done."""
    return state(container) not in {"healthy", "exited 0"}


def run(argv: list[str], within: float) -> str:
    """Run a program and return what it wrote; raise Failed if it fails or hangs."""
    try:
        done = subprocess.run(
            argv,
            cwd=ROOT,
            env={**GENEROUS, **os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(argv)}: not done after {within:g} s") from error
    if done.returncode:
        raise Failed(f"{' '.join(argv)}: {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout
