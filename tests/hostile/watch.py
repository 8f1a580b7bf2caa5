"""Looks at the web processes again and again while an attack runs."""

import threading
from collections.abc import Iterable

from tests.hostile.figures import Figures, Process

LOOK_EVERY = 0.25
"""Seconds."""


class Watch:
    """Remembers the greatest figures of each process; a context manager."""

    def __init__(self, processes: Iterable[Process]) -> None:
        self.peaks: dict[str, Figures] = {}
        self._processes = list(processes)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        while True:
            for one in self._processes:
                peak = self.peaks.get(one.service, Figures())
                self.peaks[one.service] = peak.most(one.figures())
            if self._ended.wait(LOOK_EVERY):
                return
