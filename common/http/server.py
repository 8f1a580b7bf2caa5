"""Daphne, made fit for strangers, and for SIGTERM.

Daphne 4.2 lets Twisted parse forms on the event loop, keeps whatever a client does
not read, and cancels requests in flight when its reactor stops. This one refuses what
costs too much (`connection.py`). When it is told to stop it closes its doors, lets HTTP
requests finish and tells WebSockets that it is going away.
"""

import asyncio
import contextlib
import resource
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from daphne.http_protocol import HTTPFactory
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer, reactor

from common.http import stopping
from common.http.connection import Connection, Request
from common.rpc import process_client

log = structlog.get_logger(__name__)

GOING_AWAY = 1001
"""RFC 6455, section 7.4.1."""
LOOK_EVERY = 0.02
LAST_WORDS = 1.0
"""Seconds of the grace that are left to tell clients that they are given up."""
MOST_CONNECTIONS = 10_000
FILES_BESIDE = 200
"""Open files that are not connections: databases, the bus, static files, logs."""


class Factory(HTTPFactory):  # type: ignore[misc]  # Daphne has no types
    """Makes our connections."""

    protocol = Connection

    def buildProtocol(self, addr: Any) -> Any:
        """Return a connection whose requests are ours."""
        connection = super().buildProtocol(addr)
        connection.requestFactory = Request
        connection.timeOut = Connection.timeOut
        return connection


class DrainingServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Stops listening, then waits for at most `grace` seconds for what is in hand."""

    def __init__(
        self,
        *args: Any,
        grace: float,
        most_body_bytes: int,
        beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
        **options: Any,
    ) -> None:
        """Set it up; `beside` runs on the server's loop until the end."""
        super().__init__(*args, **options)
        self.most_body_bytes = most_body_bytes
        self._grace = grace
        self._beside = beside
        self._beside_task: asyncio.Task[None] | None = None
        self._ports: list[Any] = []
        self._open: dict[str, dict[Connection, None]] = {}
        """The connections of each address, those that were opened first in front."""
        self._count = 0
        self._most_open = MOST_CONNECTIONS

    def run(self) -> None:
        """Serve until a signal comes."""
        self._most_open = room_for_connections()
        reactor.callWhenRunning(self._start_beside)
        super().run()

    @property
    def http_factory(self) -> Factory:
        """What makes our connections, whatever `Server.run` puts here."""
        return self._factory

    @http_factory.setter
    def http_factory(self, ignored: HTTPFactory) -> None:
        self._factory = Factory(self)

    def _start_beside(self) -> None:
        if self._beside:
            self._beside_task = asyncio.ensure_future(self._beside())

    def listen_success(self, port: Any) -> None:
        """Keep the port, to close it."""
        self._ports.append(port)
        super().listen_success(port)

    # ── connections ──────────────────────────────────────────────────────────

    def opened(self, connection: Connection) -> None:
        """Note a new connection; if need be, one that rests makes room for it."""
        if self._count >= self._most_open:
            self._make_room(connection)
        self._open.setdefault(connection.getPeer().host, {})[connection] = None
        self._count += 1

    def _make_room(self, connection: Connection) -> None:
        """End the oldest that rests, of the address that has most connections."""
        greatest = max(self._open.values(), key=len)
        if oldest := next((one for one in greatest if one.resting), None):
            oldest.transport.abortConnection()
        else:
            connection.refuse(503, "too many connections")

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        host = connection.getPeer().host
        mine = self._open.get(host, {})
        if connection in mine:
            del mine[connection]
            self._count -= 1
            if not mine:
                del self._open[host]

    def _connections(self) -> list[Connection]:
        return [one for mine in self._open.values() for one in mine]

    def refused(self, connection: Connection, code: int) -> None:
        """Log what the application never sees."""
        log.info("request refused", status=code, client=connection.getPeer().host)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send a piece of an answer once its client has read the one before."""
        if isinstance(protocol, Request) and (connection := protocol.channel):
            await connection.read_by_client()
        await super().handle_reply(protocol, message)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Begin to answer a request; a connection that gets no answer is closed."""
        receive = super().create_application(protocol, scope)
        if isinstance(protocol, Request) and receive is not None:
            work = self.connections[protocol]["application_instance"]
            work.add_done_callback(protocol.application_ended)
        return receive

    # ── the end ──────────────────────────────────────────────────────────────

    def kill_all_applications(self) -> Any:
        """Drain; Twisted waits for the result before it shuts down."""
        draining = asyncio.ensure_future(self._drain())
        return defer.Deferred.fromFuture(draining)

    async def _drain(self) -> None:
        for port in self._ports:
            port.stopListening()
        log.info("web draining", requests=len(self._in_progress()))
        stopping.begin()
        for protocol in list(self.connections):
            if isinstance(protocol, WebSocketProtocol):
                say_goodbye(protocol)
        for connection in self._connections():
            connection.persistent = 0
        try:
            async with asyncio.timeout(max(self._grace - LAST_WORDS, 0)):
                while self._in_progress():  # noqa: ASYNC110 Daphne has no event for it
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            late = self._in_progress()
            log.warning("requests given up", requests=len(late))
            for application in late:
                application.cancel()
            await asyncio.wait(late, timeout=LAST_WORDS)
        for connection in self._connections():
            connection.loseConnection()  # once everything is written
        if self._beside_task:
            self._beside_task.cancel()
            await asyncio.gather(self._beside_task, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await process_client.close()
        log.info("web stopped")

    def _in_progress(self) -> list[Any]:
        """Return the applications that are still at work."""
        begun = (one.get("application_instance") for one in self.connections.values())
        return [
            application
            for application in begun
            if application and not application.done()
        ]


def room_for_connections() -> int:
    """Raise the limit of open files as far as it goes; return what it leaves room for.

    A connection may need two files: its socket, and one for a body.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_CONNECTIONS + FILES_BESIDE
    limit = wanted if most == resource.RLIM_INFINITY else min(most, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    return max(16, (limit - FILES_BESIDE) // 2)


def say_goodbye(protocol: WebSocketProtocol) -> None:
    """Close a WebSocket with 1001, or refuse it if it is not open yet.

    autobahn's `sendClose` takes 1000 and 3000 up only; what it calls does not ask.
    """
    if protocol.state == WebSocketProtocol.STATE_CONNECTING:
        protocol.serverReject()
    else:
        protocol.sendCloseFrame(GOING_AWAY, b"the server is going away")
