"""Reads along on the bus: the raw bytes of every message that is sent."""

import os
import re
import socket
import threading
import time
from dataclasses import dataclass

import msgpack
import redis

ARGUMENT = re.compile(rb'"((?:[^"\\]|\\.)*)"')
RANDOM_PREFIX = 12
"""Bytes in front of each message that channels_redis makes up (to tell twins apart)."""


@dataclass(frozen=True)
class Sent:
    """A message as it stood in a channel."""

    channel: str
    raw: bytes

    @property
    def method(self) -> str:
        """Return the name of the contract."""
        return str(msgpack.unpackb(self.raw[RANDOM_PREFIX:])["method"])

    def with_more_time(self) -> "Sent":
        """Return the same request with a deadline that has not passed yet."""
        message = msgpack.unpackb(self.raw[RANDOM_PREFIX:])
        later = {**message, "deadline": time.time() + 60}
        return Sent(self.channel, self.raw[:RANDOM_PREFIX] + msgpack.packb(later))


class Tap:
    """Collects what is sent to services while it is open."""

    def __init__(self, bus_url: str) -> None:
        self._bus_url = bus_url
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(bus_url.removeprefix("unix://"))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.sent: list[Sent] = []

    def __enter__(self) -> "Tap":
        self._socket.sendall(b"MONITOR\r\n")
        assert self._socket.recv(5) == b"+OK\r\n"
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def with_word(self, word: str) -> list[Sent]:
        """Return the messages that contain a word, such as an order's id."""
        return [sent for sent in list(self.sent) if word.encode() in sent.raw]

    def redeliver(self, messages: list[Sent], *, copies: int) -> None:
        """Put the same bytes into their channels again, all at once."""
        with redis.Redis.from_url(self._bus_url) as bus, bus.pipeline() as pipe:
            for number in range(copies):
                for sent in messages:
                    twin = os.urandom(RANDOM_PREFIX) + sent.raw[RANDOM_PREFIX:]
                    pipe.zadd(f"asgi{sent.channel}", {twin: float(number)})
            pipe.execute()

    def _read(self) -> None:
        with self._socket.makefile("rb") as lines:
            for line in lines:
                words = [_unescaped(word) for word in ARGUMENT.findall(line)]
                if len(words) != 4 or words[0].upper() != b"ZADD":
                    continue
                channel = words[1].removeprefix(b"asgi").decode()
                if channel.endswith(".request"):
                    self.sent.append(Sent(channel, words[3]))


def _unescaped(word: bytes) -> bytes:
    return word.decode("unicode_escape").encode("latin-1")
