"""One connection of a client, and the request that it is making.

Twisted parses HTTP; what is added here is what a client may cost. A request arrives
within a time and a size, a client that does not read is given up, and an answer waits
until the client has read what came before. Whatever is refused here is answered with
a problem document.
"""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from daphne.http_protocol import WebRequest
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.protocols.basic import LineReceiver
from twisted.web import http
from zope.interface import implementer

from common.http import problem

if TYPE_CHECKING:
    from common.http.server import DrainingServer

ARRIVES_WITHIN = 20
"""Seconds for a request to arrive whole, and for a connection to be without one."""
READ_WITHIN = 20.0
"""Seconds in which a client must have read what was sent before."""
LINGER = 2.0
"""Seconds in which a client may finish sending what will not be read."""


@implementer(IHalfCloseableProtocol)
class Connection(http.HTTPChannel):  # type: ignore[misc]  # Twisted has no types here
    """A connection that its server can do without at any time."""

    timeOut = ARRIVES_WITHIN
    abortTimeout = LINGER
    _arriving = False
    _refused = False
    _sends_no_more = False

    def connectionMade(self) -> None:
        """Take a place among the connections of this process."""
        super().connectionMade()
        self._read: asyncio.Future[None] | None = None
        self._server.opened(self)

    @property
    def _server(self) -> "DrainingServer":
        server: DrainingServer = self.factory.server
        return server

    @property
    def resting(self) -> bool:
        """Whether nothing has been asked on it, whole, that is still to be answered."""
        return not self._handlingRequest

    def dataReceived(self, data: bytes) -> None:
        """Parse what came; the time to arrive begins with a request's first byte."""
        if self._refused:
            return
        if not self._arriving and not self._handlingRequest:
            self._arriving = True
            self.setTimeout(ARRIVES_WITHIN)
        LineReceiver.dataReceived(self, data)  # not super's: the time limit stays

    def lineReceived(self, line: bytes) -> None:
        """Refuse a line that makes the request's head too long."""
        if self._refused:
            return
        if self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            self.lineLengthExceeded(line)
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a request line or headers beyond `totalHeadersSize` bytes."""
        first = not self.requests
        most = f"expected at most {self.totalHeadersSize} bytes"
        self.refuse(414 if first else 431, most)

    def headerReceived(self, line: bytes) -> bool:
        """Refuse more than `maxHeaders` headers."""
        if self._receivedHeaderCount >= self.maxHeaders:
            self.refuse(431, f"expected at most {self.maxHeaders} headers")
        try:
            return not self._refused and bool(super().headerReceived(line))
        except ValueError:  # a length of thousands of digits
            self._respondToBadRequestAndDisconnect()
            return False

    def allHeadersReceived(self) -> None:
        """Refuse a body of unknown length, or a long one, before it is sent."""
        most = self._server.most_body_bytes
        hosts = self.requests[-1].requestHeaders.getRawHeaders(b"host", [])
        if self._refused:
            return
        if len(hosts) > 1 or (not hosts and self._version == b"HTTP/1.1"):
            self.refuse(400, "expected one Host header")  # RFC 9112, section 3.2
        elif self.length is None:
            self.refuse(411)
        elif self.length > most:
            self.refuse(413, f"expected at most {most} bytes")
        else:
            super().allHeadersReceived()

    def rawDataReceived(self, data: bytes) -> None:
        """Take a piece of a body."""
        if not self._refused:
            super().rawDataReceived(data)

    def allContentReceived(self) -> None:
        """Have the request answered."""
        if not self._refused:
            self._arriving = False
            super().allContentReceived()

    def timeoutConnection(self) -> None:
        """Let a client go that sends nothing, or too slowly."""
        if self._arriving:
            self.refuse(408, f"expected all of it within {ARRIVES_WITHIN} s")
        else:
            super().timeoutConnection()

    def refuse(self, code: int, detail: str = "") -> None:
        """Answer with a problem document, read nothing more, and close.

        What the client is still sending is taken for a moment: a connection that is
        closed with unread data would be reset, and the client would not see the answer.
        """
        if self._refused:
            return
        self._refused = True
        answer = problem.answer(code, detail)
        head = [
            f"HTTP/1.1 {code} {HTTPStatus(code).phrase}",
            "Connection: close",
            "Cache-Control: no-store",
        ]
        head += [f"{name}: {value}" for name, value in answer.items()]
        head += [f"Content-Length: {len(answer.content)}", "", ""]
        self.transport.write("\r\n".join(head).encode() + answer.content)
        self.clearLineBuffer()
        self.setTimeout(None)
        self.persistent = 0
        self.transport.loseWriteConnection()
        self._abortingCall = self.callLater(LINGER, self.forceAbortClient)
        self._server.refused(self, code)

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Answer what Twisted cannot parse; its own answer has no body."""
        self.refuse(400, "expected a request as in RFC 9112")

    # ── the other direction ──────────────────────────────────────────────────

    def resumeProducing(self) -> None:
        """Go on: the client has read enough."""
        super().resumeProducing()
        self._wake()

    async def read_by_client(self) -> None:
        """Return once the client has read what was sent; give it up in the end."""
        if not self._waitingForTransport or self._refused:
            return
        self._read = self._read or asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(READ_WITHIN):
                await asyncio.shield(self._read)
        except TimeoutError:
            self.transport.abortConnection()

    def readConnectionLost(self) -> None:
        """Answer a client that sends nothing more, but do not let it wait."""
        self._sends_no_more = True
        if self.resting or self._refused:
            self.transport.loseConnection()
        else:
            self.requests[0].hurry()

    def requestDone(self, request: Any) -> None:
        """Go on with what came behind it, if that is a whole request."""
        super().requestDone(request)
        if self._sends_no_more and self.resting:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Do nothing: it was us who closed this direction."""

    def connectionLost(self, reason: Any) -> None:
        """Leave the place to others."""
        super().connectionLost(reason)
        self._server.closed(self)
        self._wake()

    def _wake(self) -> None:
        if self._read and not self._read.done():
            self._read.set_result(None)
        self._read = None


class Request(WebRequest):  # type: ignore[misc]  # Daphne has no types
    """A request whose body nobody parses here."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._parsePOSTFormSubmission = False  # it would be done on the event loop

    def process(self) -> Any:
        """Hand the request over; a WebSocket takes the connection with it."""
        channel = self.channel
        self.requestHeaders.removeHeader(b"daphne-root-path")  # a stranger's word
        self._take_host_from_address(self.uri)
        handed_over = super().process()
        if channel.transport.protocol is not channel:
            channel.factory.server.closed(channel)
        return handed_over

    def _take_host_from_address(self, address: bytes) -> None:
        """Understand an address in absolute form (RFC 9112, section 3.2.2)."""
        scheme, _, rest = address.partition(b"://")
        if scheme.lower() not in {b"http", b"https"} or not rest:
            return
        host, slash, path = rest.partition(b"/")
        host, query, rest = host.partition(b"?")
        self.requestHeaders.setRawHeaders(b"host", [host])
        uri = b"/" + path if slash else b"/" + query + rest
        self.uri, self.path = uri, uri.partition(b"?")[0]

    def hurry(self) -> None:
        """Tell the application that its client sends nothing more."""
        if self.application_queue:
            self.send_disconnect()

    def application_ended(self, work: asyncio.Task[None]) -> None:
        """Close the connection if there was neither an answer nor an error."""
        failed = work.cancelled() or work.exception()
        if not failed and not self.finished and self.channel is not None:
            self.channel.transport.loseConnection()

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Answer what the server itself refuses; give up what has begun already."""
        if self._response_started:
            self.channel.transport.abortConnection()
            return
        answer = problem.answer(status, body if status < 500 else "")
        headers = [(k.encode(), v.encode()) for k, v in answer.items()]
        start = {"type": "http.response.start", "status": status, "headers": headers}
        self.handle_reply(start)
        self.handle_reply({"type": "http.response.body", "body": answer.content})
