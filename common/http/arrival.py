"""How a request arrives: uvicorn's and httptools' parsing, with limits.

A request has a greatest size, and few are read ahead of the one that is answered.
What is beyond that is refused, or left unread.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from common.http import request_head
from common.http.exchange import Exchange
from common.http.methods import EXPECTED
from common.http.request_head import (
    MALFORMED,
    MOST_HEAD_BYTES,
    MOST_HEADERS,
    TOO_LONG,
    Refusal,
)

if TYPE_CHECKING:
    from common.http.server import DrainingServer

MOST_AHEAD = 100
"""Requests that are read while an earlier one of the same client is answered."""
MOST_HEAD_BYTES_AHEAD = 2_048
"""Bytes of a head up to which a request is read ahead; one with a body never is."""
METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ ")


class Enough(Exception):
    """No more is read ahead; the client asks again (RFC 9112, section 9.3.2)."""


class Arrival(HttpToolsProtocol, ABC):
    """The reading side of a connection."""

    cycle: Exchange
    at_work: Exchange | None = None
    """The request that is being answered; its body may still arrive."""
    arriving = False
    in_body = False
    deaf = False
    """Whether what comes is not looked at."""
    _read_bytes = 0
    """Bytes that came since the last head or body was whole."""
    _head_bytes = 0
    _length = 0
    """Bytes of the body, as the head has it."""

    def __init__(self, server: "DrainingServer", **options: Any) -> None:
        super().__init__(**options)
        self._server = server
        self.waiting: deque[Exchange] = deque()
        """Requests that arrived while an earlier one is answered."""

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse what cannot be parsed, or is too much."""
        if self.deaf:
            return
        self._read_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.upgrade()
        except httptools.HttpParserInvalidMethodError:
            known_to_be_one = self._read_bytes == len(data) and METHOD.match(data)
            self.refuse(Refusal(501, EXPECTED) if known_to_be_one else MALFORMED)
        except httptools.HttpParserError as error:
            match error.__context__:
                case Refusal() as refusal:
                    self.refuse(refusal)
                case Enough():
                    self.deafen()
                case _:
                    self.refuse(MALFORMED)
        else:
            if not self.in_body and self._read_bytes > MOST_HEAD_BYTES:
                self.refuse(Refusal(431, TOO_LONG))

    def on_message_begin(self) -> None:
        """Begin a request: the time in which it arrives runs from its first byte."""
        if len(self.waiting) >= MOST_AHEAD:
            raise Enough
        super().on_message_begin()
        self.arriving = True
        self._head_bytes = 0
        self.request_begun()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address; raise Refusal."""
        super().on_url(url)
        self._head_bytes += len(url)
        if self._head_bytes > MOST_HEAD_BYTES:
            raise Refusal(414, TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; raise Refusal."""
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > MOST_HEAD_BYTES:
            raise Refusal(431, TOO_LONG)
        if len(self.headers) > MOST_HEADERS:
            raise Refusal(431, f"expected at most {MOST_HEADERS} headers")

    def on_headers_complete(self) -> None:
        """Have the request answered, now or after those before it; raise Refusal."""
        self._read_bytes, self.in_body = 0, True
        version = self.parser.get_http_version()
        self._length = length = request_head.check(
            version, self.url, self.headers, self._server.most_body_bytes
        )
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = version
        address = request_head.take_host_from_address(self.url, self.headers)
        path, _, query = address.partition(b"?")
        self.scope["raw_path"], self.scope["query_string"] = path, query
        self.scope["path"] = unquote(path.decode("ascii"))
        upgrades = self.parser.should_upgrade() and self._should_upgrade()
        long = length or self._head_bytes > MOST_HEAD_BYTES_AHEAD
        if self.at_work and (long or upgrades):
            raise Enough
        if upgrades:
            return
        keeps = version == "1.1" and self.parser.should_keep_alive()
        self.cycle = Exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keeps and not self._server.stopping,
            on_response=self.on_response_complete,
        )
        if self.at_work:
            self.waiting.append(self.cycle)
            self.flow.pause_reading()
        else:
            self.begin(self.cycle)

    def _should_upgrade(self) -> bool:
        """Tell whether it is a handshake (RFC 6455, section 4.1); others are HTTP."""
        method, version = self.scope["method"], self.scope["http_version"]
        could_be = (method, version, self._length) == ("GET", "1.1", 0)
        return could_be and super()._should_upgrade()

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        super().on_message_complete()
        self._read_bytes, self.in_body, self.arriving = 0, False, False
        self.request_whole()

    # ── what a connection does about it ──────────────────────────────────────

    @abstractmethod
    def request_begun(self) -> None:
        """Note that a request begins to arrive."""

    @abstractmethod
    def request_whole(self) -> None:
        """Note that a request has arrived."""

    @abstractmethod
    def begin(self, exchange: Exchange) -> None:
        """Have a request answered."""

    @abstractmethod
    def refuse(self, refusal: Refusal) -> None:
        """Answer with a problem document, after the answers before it, and close."""

    @abstractmethod
    def upgrade(self) -> None:
        """Hand the connection over to a WebSocket, if that was asked for."""

    @abstractmethod
    def deafen(self) -> None:
        """Read nothing more, and close once what was asked is answered."""
