"""One connection of a raw HTTP/1.1 client, which sends any bytes that it is told to."""

import asyncio
import contextlib
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

CHUNK = 65536
HANG_UP = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST instead of FIN."""

HONEST, HOSTILE = "127.0.0.1", "127.0.0.2"
"""Addresses that clients come from: a server may tell a crowd from its neighbours."""


class Dropped(Exception):
    """The server closed the connection before a whole answer had come."""


@dataclass
class Answer:
    """What the server said: names of headers are in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_problem(self) -> bool:
        """Tell whether this is a problem document (RFC 9457) about its own status."""
        media_type = self.headers.get("content-type", "").partition(";")[0]
        if media_type != "application/problem+json":
            return False
        with contextlib.suppress(ValueError):
            said = self.json()
            return (
                isinstance(said, dict)
                and {"type", "title", "status", "detail"} <= set(said)
                and said["status"] == self.status
            )
        return False

    @property
    def says_when_to_return(self) -> bool:
        """Tell whether `Retry-After` has a number of seconds."""
        return self.headers.get("retry-after", "").isdigit()

    def json(self) -> Any:
        """Return the body as JSON; raise ValueError if it is none."""
        return json.loads(self.body)


class Connection:
    """A connection; use it as an asynchronous context manager, which closes it."""

    def __init__(
        self, port: int, *, source: str = HOSTILE, receive_buffer: int | None = None
    ) -> None:
        """Name the port on 127.0.0.1; a small receive buffer makes a slow reader."""
        self._port = port
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.bind((source, 0))
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._read = b""

    async def __aenter__(self) -> "Connection":
        try:
            await self._loop.sock_connect(self._socket, ("127.0.0.1", self._port))
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.close()

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def close(self) -> None:
        """Leave politely (FIN); doing it again is harmless."""
        self._socket.close()

    def reset(self) -> None:
        """Leave at once (RST)."""
        if self._socket.fileno() != -1:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HANG_UP)
            self._socket.close()

    def half_close(self) -> None:
        """Say that nothing more will be sent, and go on reading."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    async def send(self, data: bytes) -> None:
        """Send everything; raise Dropped if the server does not want it."""
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError as error:
            raise Dropped(str(error)) from error

    async def dribble(self, data: bytes, pause: float) -> None:
        """Send byte by byte, with so many seconds in between."""
        for at in range(len(data)):
            await self.send(data[at : at + 1])
            await asyncio.sleep(pause)

    async def some(self) -> bytes:
        """Read what has come, and wait for it; nothing at the end of the connection."""
        try:
            return await self._loop.sock_recv(self._socket, CHUNK)
        except OSError:
            return b""

    async def answer(self, *, to_head: bool = False) -> Answer:
        """Read one whole answer; raise Dropped if the connection ends in it."""
        while True:
            head = (await self._until(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            words = head[0].split(" ", 2)
            if len(words) < 2 or not words[1].isdigit():
                raise Dropped(f"no HTTP: {head[0][:60]!r}")
            answer = Answer(int(words[1]), dict(map(_header, head[1:-2])))
            if not 100 <= answer.status < 200 or answer.status == 101:
                break
        if not to_head and answer.status not in {101, 204, 304}:
            answer.body = await self._body(answer.headers)
        return answer

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int((await self._until(b"\r\n")).split(b";")[0], 16):
                parts.append(await self._exactly(size))
                await self._until(b"\r\n")
            await self._until(b"\r\n")
            return b"".join(parts)
        if "content-length" in headers:
            return await self._exactly(int(headers["content-length"]))
        while more := await self.some():
            self._read += more
        return self._read

    async def _exactly(self, size: int) -> bytes:
        while len(self._read) < size:
            await self._more()
        taken, self._read = self._read[:size], self._read[size:]
        return taken

    async def _until(self, end: bytes) -> bytes:
        while end not in self._read:
            await self._more()
        return await self._exactly(self._read.index(end) + len(end))

    async def _more(self) -> None:
        more = await self.some()
        if not more:
            said = f" after {self._read[:40]!r}" if self._read else " without an answer"
            raise Dropped(f"closed{said}")
        self._read += more


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def request(method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
    """Return a well-formed request; `content_type` names the header Content-Type."""
    named = {"Host": "localhost"}
    named |= {n.replace("_", "-").title(): value for n, value in headers.items()}
    if body is not None:
        named.setdefault("Content-Length", str(len(body)))
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


async def ask(
    port: int, data: bytes, *, within: float = 10, source: str = HOSTILE
) -> Answer:
    """Send bytes on a connection of their own and return the answer.

    Raises Dropped, or TimeoutError after `within` seconds. An answer that comes before
    everything was sent counts.
    """
    async with asyncio.timeout(within), Connection(port, source=source) as connection:
        with contextlib.suppress(Dropped):  # it may have answered, and then closed
            await connection.send(data)
        return await connection.answer()
