"""Daphne, which on SIGTERM answers what it has begun before it goes.

Daphne 4.2 cancels requests in flight when its reactor stops. This one first closes its
doors, lets HTTP requests finish and tells WebSockets that it is going away.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer, reactor

log = structlog.get_logger(__name__)

GOING_AWAY = 1001
"""RFC 6455, section 7.4.1."""
LOOK_EVERY = 0.02


class DrainingServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Stops listening, then waits for at most `grace` seconds for what is in hand."""

    def __init__(
        self,
        *args: Any,
        grace: float,
        beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
        **options: Any,
    ) -> None:
        """Set it up; `beside` runs on the server's loop until the end."""
        super().__init__(*args, **options)
        self._grace = grace
        self._beside = beside
        self._beside_task: asyncio.Task[None] | None = None
        self._ports: list[Any] = []

    def run(self) -> None:
        """Serve until a signal comes."""
        reactor.callWhenRunning(self._start_beside)
        super().run()

    def _start_beside(self) -> None:
        if self._beside:
            self._beside_task = asyncio.ensure_future(self._beside())

    def listen_success(self, port: Any) -> None:
        """Keep the port, to close it."""
        self._ports.append(port)
        super().listen_success(port)

    def kill_all_applications(self) -> Any:
        """Drain; Twisted waits for the result before it shuts down."""
        draining = asyncio.ensure_future(self._drain())
        return defer.Deferred.fromFuture(draining)

    async def _drain(self) -> None:
        for port in self._ports:
            port.stopListening()
        log.info("web draining", requests=len(self._in_hand()))
        channels = {one.channel for one in self.connections if hasattr(one, "channel")}
        for protocol in list(self.connections):
            if isinstance(protocol, WebSocketProtocol):
                say_goodbye(protocol)
        try:
            async with asyncio.timeout(self._grace):
                while self._in_hand():  # noqa: ASYNC110 Daphne has no event for it
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            late = self._in_hand()
            log.warning("requests given up", requests=len(late))
            for application in late:
                application.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for channel in channels:
            if channel is not None:
                channel.loseConnection()  # once everything is written
        if self._beside_task:
            self._beside_task.cancel()
            await asyncio.gather(self._beside_task, return_exceptions=True)
        log.info("web stopped")

    def _in_hand(self) -> list[Any]:
        """Return the applications that are still at work."""
        begun = (one.get("application_instance") for one in self.connections.values())
        return [
            application
            for application in begun
            if application and not application.done()
        ]


def say_goodbye(protocol: WebSocketProtocol) -> None:
    """Close a WebSocket with 1001, or refuse it if it is not open yet.

    autobahn's `sendClose` takes 1000 and 3000 up only; what it calls does not ask.
    """
    if protocol.state == WebSocketProtocol.STATE_CONNECTING:
        protocol.serverReject()
    else:
        protocol.sendCloseFrame(GOING_AWAY, b"the server is going away")
