"""`./manage.py demo | audit | bus | addservice`."""

import argparse
import asyncio
import sys

from common.conf.config import Config
from common.contracts.topology import SERVING
from suite import addservice, audit, bus, demo


def main(words: list[str]) -> int:
    """Run one suite command and return its exit status.

    Raises ImproperlyConfigured, naming what is wrong in the environment.
    """
    options = _parser().parse_args(words)
    if options.command == "addservice":
        return addservice.run(options.name, like=options.like)
    config = Config("suite")
    bus_url, password = config.bus_url(), config.demo_password()
    config.check()
    match options.command:
        case "bus":
            return bus.run_in_foreground(config.run_dir)
        case "audit":
            return asyncio.run(audit.run(bus_url, whole=options.whole))
        case _ if not config.demo:
            print(
                "demo: MODE=production has no customers to play with", file=sys.stderr
            )
            return 0 if options.unless_production else 1
        case _ if options.against:
            urls: tuple[str, str] = options.against
            return demo.run_against(urls, config.run_dir, bus_url, password)
        case _:
            return demo.run(
                config.run_dir,
                bus_url,
                password,
                once=options.once,
                verbose=options.verbose,
                without=options.without,
                first_port=options.port,
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manage.py")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("bus", help="run the embedded bus until Ctrl-C")
    audit_parser = commands.add_parser(
        "audit", help="hold the three databases against the invariants"
    )
    audit_parser.add_argument(
        "--whole",
        action="store_true",
        help="read the ledger of stock from its beginning, instead of a sample of it",
    )
    demo_parser = commands.add_parser(
        "demo", help="run everything here, place some orders, and serve"
    )
    demo_parser.add_argument(
        "--once", action="store_true", help="stop after the orders and the audit"
    )
    demo_parser.add_argument(
        "--verbose", action="store_true", help="show what the processes log, too"
    )
    demo_parser.add_argument(
        "--without",
        choices=SERVING,
        help="leave this service for you to start, say in a debugger",
    )
    demo_parser.add_argument(
        "--against",
        nargs=2,
        metavar=("ORDERS_URL", "PAYMENTS_URL"),
        help="start nothing: place the orders with a suite that runs there",
    )
    demo_parser.add_argument(
        "--unless-production",
        action="store_true",
        help="in production do nothing, and succeed",
    )
    demo_parser.add_argument(
        "--port", type=_port, default=8000, help="of orders; the others take the next"
    )
    add_parser = commands.add_parser(
        "addservice", help="make a new service: docs/add-a-service.md"
    )
    add_parser.add_argument("name")
    add_parser.add_argument(
        "--like",
        choices=SERVING,
        default="inventory",
        required="inventory" not in SERVING,
        help="whose containers it gets, too",
    )
    return parser


def _port(value: str) -> int:
    port = int(value)
    highest = 65536 - len(SERVING)
    if not 1 <= port <= highest:
        raise argparse.ArgumentTypeError(f"expected a port from 1 to {highest}")
    return port
