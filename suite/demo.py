"""`./manage.py demo`: everything on one machine, with nothing configured."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console
from rich.markup import escape

from common.conf.private import private_file, private_folder
from common.contracts.topology import SERVING, port
from common.ops.bus_check import problem_with
from common.rpc.contract import Done, Request
from common.rpc.errors import NotServed, ServiceError
from suite import audit, claim, script
from suite.client import connect
from suite.programs import Suite
from suite.shop import Shop
from suite.supervisor import Say, StartFailed, Supervisor

COLOURS = {
    "bus": "magenta",
    "orders": "cyan",
    "inventory": "green",
    "payments": "yellow",
}


PORTS = {name: port(name) for name in SERVING}


class Interrupted(Exception):
    """Somebody wants the demo to end."""


def run(
    run_dir: Path,
    bus_url: str,
    password: str,
    *,
    once: bool,
    verbose: bool,
    without: str | None,
    first_port: int,
) -> int:
    """Start everything, place the script's orders, then serve until Ctrl-C.

    What the processes log goes to RUN_DIR/demo.log; `verbose` shows it here, too.
    Returns 0 if all orders ended as they should and the audit found nothing.
    """
    console = Console(highlight=False, soft_wrap=True)
    say = _log_to(run_dir, console if verbose else None)
    services = tuple(name for name in SERVING if name != without)
    ports = {name: first_port + number for number, name in enumerate(SERVING)}
    # a debugger stops for longer than an order may take
    env = {"ORDER_DEADLINE_SECONDS": "3600"} if without else {}
    suite = Suite(
        run_dir=run_dir, bus_url=bus_url, ports=ports, services=services, env=env
    )
    if suite.bus_is_ours and problem_with(bus_url) is None:
        print(f"a demo or bus is running already in {run_dir}", file=sys.stderr)
        return 1
    _end_on_signals()
    try:
        with Supervisor(say) as supervisor:
            console.print(_starting(suite))
            suite.start(supervisor, say)
            if without:
                _wait_for(without, suite, console)
            with closing(Shop(suite.url("orders"), suite.url("payments"))) as shop:
                failures = script.play(shop, password or _kept(run_dir), console)
                if not without:  # a debugger is not killed
                    failures += claim.play(bus_url, shop, console)
            failures += _judge(failures, bus_url, console)
            if not once:
                console.print(_addresses(suite))
                threading.Event().wait()
            return 1 if failures else 0
    except StartFailed as error:
        print(f"demo: {error}; see {_log(run_dir)}", file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt):
        console.print("demo: stopped, nothing left running")
        return 130 if once else 0


def run_against(
    urls: tuple[str, str], run_dir: Path, bus_url: str, password: str
) -> int:
    """Place the script's orders at orders' and payments' URLs, and audit that suite.

    Returns 0 if all orders ended as they should and the audit found nothing.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        with closing(Shop(*urls)) as shop:
            console.print(f"Everything is ready:\n{_pages(PORTS)}\n")
            failures = script.play(shop, password or _kept(run_dir), console)
            failures += claim.play(bus_url, shop, console)
        failures += _judge(failures, bus_url, console)
    except (OSError, httpx.HTTPError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 1 if failures else 0


def _kept(run_dir: Path) -> str:
    return (run_dir / "demo.password").read_text()


def _judge(failures: int, bus_url: str, console: Console) -> int:
    """Audit what is there now, say how all went, and return 1 for a violation."""
    violations = bool(asyncio.run(audit.run(bus_url)))
    console.print(_verdict(failures + violations))
    return int(violations)


def _log(run_dir: Path) -> Path:
    return Path(os.path.relpath(run_dir / "demo.log"))


def _log_to(run_dir: Path, console: Console | None) -> Say:
    """Return what writes lines of programs to the log, and to the console, if any."""
    private_folder(run_dir)
    path = run_dir / "demo.log"
    path.unlink(missing_ok=True)
    private_file(path)

    def say(name: str, line: str) -> None:
        with path.open("a") as log:
            log.write(f"{name:<17}│ {line}\n")
        if console:
            colour = COLOURS.get(name.split()[0], "white")
            console.print(f"[{colour}]{name:<17}│[/] {escape(line)}")

    return say


def _starting(suite: Suite) -> str:
    return (
        "Starting the bus and, of each service, a web process and a worker …\n"
        f"(their log is {_log(suite.run_dir)}; --verbose shows it here)\n"
    )


def _end_on_signals() -> None:
    def end(number: int, frame: FrameType | None) -> None:
        # a second signal must not disturb the stopping
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        raise Interrupted

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, end)


def _wait_for(name: str, suite: Suite, console: Console) -> None:
    """Tell how to start the service that was left out, and wait until it answers."""
    run_dir = os.path.relpath(suite.run_dir)
    console.print(
        f"\n[bold]{name} is yours:[/] start its worker in another terminal or in "
        f"your debugger\n  RUN_DIR={run_dir} ./manage.py {name} work\n"
        f"and, for its pages,\n  RUN_DIR={run_dir} ./manage.py {name} serve "
        f"--port {suite.ports[name]}\nThe orders follow as soon as it answers.\n"
    )

    asyncio.run(_answers(name, suite.bus_url))


async def _answers(name: str, bus_url: str) -> None:
    """Return when a worker answers, if only that it does not know the question."""

    class AnybodyThere(Request[Done], frozen=True, kw_only=True):
        service = name

    client = connect(bus_url, "demo")
    while True:
        try:
            await client.call(AnybodyThere(), timeout=10)
        except NotServed:
            await client.close()
            return
        except ServiceError:
            continue


def _verdict(failures: int) -> str:
    if failures:
        return f"[bold red]demo: {failures} of these went wrong[/]"
    return "[bold green]demo: every order ended as it should, the audit is clean[/]"


def _addresses(suite: Suite) -> str:
    return (
        f"\n{_pages(suite.ports)}\n"
        "People           admin, ada, grace; their password stands in "
        f"{os.path.relpath(suite.run_dir)}/demo.password\n"
        "Ctrl-C stops everything."
    )


def _pages(ports: Mapping[str, int]) -> str:
    urls = {name: f"http://localhost:{port}" for name, port in ports.items()}
    return (
        f"The shop's API   {urls['orders']}/api/docs\n"
        f"The card vault   {urls['payments']}/api/docs\n"
        f"The admins       " + ", ".join(f"{url}/admin/" for url in urls.values())
    )
