"""Free ports of this machine for what a test starts.

The kernel gives out ports from 32768 up to connections that go out, by default. A port
from below stays free between this look and the start of the program that takes it.
"""

import contextlib
import random
import socket

from common.contracts.topology import SERVING

FIRST, LAST = 20_000, 32_000
_random = random.SystemRandom()


def free_port(in_a_row: int = 1) -> int:
    """Return a port that nobody listens on, nor on the `in_a_row` - 1 after it."""
    while True:
        first = _random.randrange(FIRST, LAST - in_a_row)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(first, first + in_a_row):
                probe = stack.enter_context(socket.socket())
                probe.bind(("127.0.0.1", port))
            return first


def free_ports() -> dict[str, int]:
    """Return a free port for each service."""
    first = free_port(len(SERVING))
    return {service: first + number for number, service in enumerate(SERVING)}
