"""One connection of a client: requests arrive on it, and are answered one by one.

uvicorn and httptools parse HTTP; what is added here is what a client may cost. A
request arrives within a time and a size, a client that does not read is given up, and
few requests are read ahead. Whatever is refused is answered with a problem document.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from common.http import request_head
from common.http.exchange import READ_WITHIN, Exchange
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

ARRIVES_WITHIN = 20
"""Seconds for a request to arrive whole, and for a connection to be without one."""
LINGER = 2.0
"""Seconds in which a client may finish sending what will not be read."""
MOST_AHEAD = 100
"""Requests that are read while an earlier one of the same client is answered."""
METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ ")


class Enough(Exception):
    """No more is read ahead; the client asks again (RFC 9112, section 9.3.2)."""


class Connection(HttpToolsProtocol):
    """A connection that its server can do without at any time."""

    cycle: Exchange
    _at_work: Exchange | None = None
    """The request that is being answered; its body may still arrive."""
    _arriving = False
    _in_body = False
    _deaf = False
    _sends_no_more = False
    _refusal: Refusal | None = None
    _read_bytes = 0
    """Bytes that came since the last head or body was whole."""
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, server: "DrainingServer", **options: Any) -> None:
        super().__init__(**options)
        self._server = server

    @property
    def resting(self) -> bool:
        """Whether nothing has been asked on it, whole, that is still to be answered."""
        return self._at_work is None or self._at_work.more_body

    @property
    def unfinished(self) -> "asyncio.Task[None] | None":
        """The task that waits for the rest of a request's body, if there is one."""
        return self._at_work.task if self.resting and self._at_work else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place among the connections of this process."""
        super().connection_made(transport)
        self._expect()
        self._server.opened(self)

    def _expect(self) -> None:
        """Begin the time in which a request must arrive."""
        self._expect_no_more()
        self._timer = self.loop.call_later(ARRIVES_WITHIN, self._late)

    def _expect_no_more(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        """Let a client go that sends nothing, or too slowly, or does not read."""
        answered = self._in_body and self.cycle.response_complete
        if self._arriving and not answered:
            self.refuse(Refusal(408, f"expected all of it within {ARRIVES_WITHIN} s"))
        elif self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    # ── a request arrives ────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse what cannot be parsed, or is too much."""
        if self._deaf:
            return
        self._read_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserInvalidMethodError:
            known_to_be_one = self._read_bytes == len(data) and METHOD.match(data)
            self.refuse(Refusal(501, EXPECTED) if known_to_be_one else MALFORMED)
        except httptools.HttpParserError as error:
            match error.__context__:
                case Refusal() as refusal:
                    self.refuse(refusal)
                case Enough():
                    self._deafen()
                case _:
                    self.refuse(MALFORMED)
        else:
            if not self._in_body and self._read_bytes > MOST_HEAD_BYTES:
                self.refuse(Refusal(431, TOO_LONG))

    def on_message_begin(self) -> None:
        """Begin a request: the time in which it arrives runs from its first byte."""
        if len(self.pipeline) >= MOST_AHEAD:
            raise Enough
        super().on_message_begin()
        self._arriving = True
        self._head_bytes = 0
        if self._at_work is None:
            self._expect()

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
        self._read_bytes, self._in_body = 0, True
        version = self.parser.get_http_version()
        length = request_head.check(
            version, self.url, self.headers, self._server.most_body_bytes
        )
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = version
        address = request_head.take_host_from_address(self.url, self.headers)
        path, _, query = address.partition(b"?")
        self.scope["raw_path"], self.scope["query_string"] = path, query
        self.scope["path"] = unquote(path.decode("ascii"))
        upgrades = self.parser.should_upgrade() and self._should_upgrade()
        if self._at_work and (length or upgrades):
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
        if self._at_work:
            self.pipeline.appendleft((self.cycle, self.app))
            self.flow.pause_reading()
        else:
            self._begin(self.cycle)

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        super().on_message_complete()
        self._read_bytes, self._in_body, self._arriving = 0, False, False
        if self._at_work:
            self._expect_no_more()

    def _upgrade(self) -> None:
        """Hand the connection over to a WebSocket; there is no other upgrade here."""
        if not self._should_upgrade():
            self._deafen()
            return
        self._expect_no_more()
        self._server.closed(self)
        self.handle_websocket_upgrade()

    # ── it is answered ───────────────────────────────────────────────────────

    def _begin(self, exchange: Exchange) -> None:
        self._at_work = exchange
        exchange.sends_no_more = self._sends_no_more
        exchange.task = task = self.loop.create_task(exchange.run_asgi(self.app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        self.server_state.total_requests += 1
        self._at_work = None
        if self.transport.is_closing():
            self._give_up_after(READ_WITHIN)
        elif self.pipeline:
            self._begin(self.pipeline.pop()[0])  # type: ignore[arg-type]
        elif self._refusal:
            self._answer_with(self._refusal)
        elif self._sends_no_more or self._server.stopping:
            self.transport.close()
            self._give_up_after(READ_WITHIN)
        else:
            self.flow.resume_reading()
            self._expect()

    def _deafen(self) -> None:
        """Read nothing more, and close once what was asked is answered."""
        self._deaf = True
        self._arriving = False
        self.cycle.keep_alive = False

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a problem document, after the answers before it, and close."""
        self._deaf = True
        if self.resting:
            self._answer_with(refusal)
        else:
            self._refusal = refusal

    def _answer_with(self, refusal: Refusal) -> None:
        """Answer with a problem document, and close.

        What the client is still sending is taken for a moment: a connection that is
        closed with unread data would be reset, and the client would not see the answer.
        """
        self._abandon()
        self.transport.write(refusal.answer())
        self.transport.write_eof()
        self.flow.resume_reading()
        self._give_up_after(LINGER)
        self._server.refused(self, refusal.code)

    def _abandon(self) -> None:
        """Tell the application that nobody waits for its answers any more."""
        waiting = [exchange for exchange, _ in self.pipeline]
        self.pipeline.clear()
        for exchange in (self._at_work, *waiting):
            if exchange:
                exchange.disconnected = True
                exchange.message_event.set()
        self._at_work = None

    def shutdown(self) -> None:
        """Close once what is in hand is answered: the process stops."""
        for exchange in (self._at_work, *(exchange for exchange, _ in self.pipeline)):
            if exchange:
                exchange.keep_alive = False

    def _give_up_after(self, seconds: float) -> None:
        self._expect_no_more()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    # ── the client goes ──────────────────────────────────────────────────────

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Answer a client that sends nothing more, but do not let it wait."""
        self._sends_no_more = True
        if self._at_work is None or self._at_work.more_body:
            return None  # close
        for exchange in (self._at_work, *(exchange for exchange, _ in self.pipeline)):
            exchange.hurry()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the place to others."""
        self._expect_no_more()
        self._abandon()
        self._server.closed(self)
        super().connection_lost(exc)
