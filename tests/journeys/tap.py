"""Reads along on the bus: the raw bytes of every message that is sent."""

import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import msgpack
import redis

from common.conf.embedded import socket_path
from common.contracts.topology import SERVING
from tests.journeys.wire import wire

ARGUMENT = re.compile(rb'"((?:[^"\\]|\\.)*)"')
CHANNELS = tuple(f"{name}.request" for name in SERVING)
WIRE = wire()


@dataclass(frozen=True)
class Sent:
    """A message as it stood in a channel."""

    channel: str
    raw: bytes

    @property
    def method(self) -> str:
        """Return the name of the contract."""
        return str(self._message["method"])

    def with_more_time(self) -> "Sent":
        """Return the same request with a deadline that has not passed yet."""
        later = {**self._message, "deadline": time.time() + 60}
        return Sent(self.channel, WIRE.with_payload(self.raw, msgpack.packb(later)))

    @property
    def _message(self) -> dict[str, Any]:
        message: dict[str, Any] = msgpack.unpackb(WIRE.payload(self.raw))
        return message


class Tap:
    """Collects what is sent to services while it is open."""

    def __init__(self, bus_url: str) -> None:
        self._bus_url = bus_url
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(socket_path(bus_url))
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
            for sent in messages * copies:
                WIRE.put(pipe, sent.channel, sent.raw)
            pipe.execute()

    def _read(self) -> None:
        channels = {WIRE.key(name).encode(): name for name in CHANNELS}
        with self._socket.makefile("rb") as lines:
            for line in lines:
                words = [_unescaped(word) for word in ARGUMENT.findall(line)]
                if len(words) > WIRE.first_message and words[0] == WIRE.push:
                    channel = channels.get(words[1])
                    raws = words[WIRE.first_message :] if channel else []
                    self.sent += [Sent(str(channel), raw) for raw in raws]


def _unescaped(word: bytes) -> bytes:
    return word.decode("unicode_escape").encode("latin-1")
