"""The names of this process's channels, which prove that they were made here.

Who may write to one of our channels can write any name into a frame. An inbox is only
made for a name that carries our proof, or that we have received from.
"""

import threading
import uuid
from hashlib import blake2s
from secrets import token_bytes

MOST_OTHERS = 10_000
"""Names without our proof that are remembered; the oldest is forgotten first."""


class OwnNames:
    """Makes names and knows them again, without remembering those it made."""

    def __init__(self, process: str) -> None:
        """Set it up; `process` stands in front of the "!" of each name."""
        self._process = process
        self._key = token_bytes(16)
        self._others: dict[str, None] = {}
        self._lock = threading.Lock()

    def new(self, prefix: str) -> str:
        """Return a name that nobody else can make."""
        name = f"{prefix}.{self._process}!{uuid.uuid4().hex[:16]}"
        return name + self._proof(name)

    def received_from(self, name: str) -> None:
        """Take note of a name that somebody here receives from, whoever made it."""
        if name in self:
            return
        with self._lock:
            self._others[name] = None
            if len(self._others) > MOST_OTHERS:
                del self._others[next(iter(self._others))]

    def __contains__(self, name: str) -> bool:
        return name in self._others or name[-16:] == self._proof(name[:-16])

    def _proof(self, name: str) -> str:
        return blake2s(name.encode(), key=self._key, digest_size=8).hexdigest()
