"""Ends the programs of a supervisor that was killed itself: `python guard.py`.

It reads what its supervisor writes: `+PID` for a program that was started, in a session
of its own, and `-PID` for one that has ended. When the input ends, the supervisor has;
what is left then is asked to end, and killed after GRACE seconds.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

GRACE = 10.0
"""Seconds."""


class Guard:
    """The supervisor's end of it; the process begins with the first program."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def started(self, pid: int) -> None:
        """Have a program ended if this process dies."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 our own program
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the supervisor alone
                text=True,
            )
        self._say(f"+{pid}")

    def ended(self, pid: int) -> None:
        """Forget a program: its number may become another's."""
        self._say(f"-{pid}")

    def close(self) -> None:
        """Have what is left ended, and wait for it."""
        process, self._process = self._process, None
        if process and process.stdin:
            with suppress(OSError):
                process.stdin.close()
            process.wait(GRACE + 5)

    def _say(self, line: str) -> None:
        if self._process and self._process.stdin:
            with suppress(OSError):  # without a guard all goes on
                self._process.stdin.write(f"{line}\n")
                self._process.stdin.flush()


def main() -> None:
    """Keep the list, and end what is on it when there is nobody to write it."""
    running: set[int] = set()
    for line in sys.stdin:
        (running.add if line[0] == "+" else running.discard)(int(line[1:]))
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in running:
            with suppress(OSError):
                os.killpg(pid, number)
        give_up = time.monotonic() + GRACE
        while running and time.monotonic() < give_up:
            running = {pid for pid in running if _is_there(pid)}
            time.sleep(0.1)


def _is_there(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main()
