"""uvicorn, made fit for strangers, and for SIGTERM.

It refuses what costs too much (`connection.py`). When it is told to stop it closes its
doors, lets HTTP requests finish and tells WebSockets that it is going away; a second
Ctrl-C ends the wait.
"""

import asyncio
import contextlib
import functools
import resource
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvicorn

from common.http import stopping
from common.http.connection import Connection
from common.http.request_head import Refusal
from common.http.websocket import WebSocket
from common.ops.event_loop import fast_loop
from common.rpc import process_client

log = structlog.get_logger(__name__)

LOOK_EVERY = 0.02
LAST_WORDS = 1.0
"""Seconds of the grace that are left to tell clients that they are given up."""
MOST_CONNECTIONS = 10_000
FILES_BESIDE = 200
"""Open files that are not connections: databases, the bus, static files, logs."""
BACKLOG = 1024
"""Connections that may wait to be accepted; the system's limit may be lower."""


class CannotListen(Exception):
    """The address cannot be had."""


class DrainingServer(uvicorn.Server):
    """Stops listening, then waits for at most `grace` seconds for what is in hand."""

    def __init__(
        self,
        application: Any,
        *,
        host: str,
        port: int,
        grace: float,
        most_body_bytes: int,
        beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Set it up; `beside` runs on the server's loop until the end."""
        super().__init__(
            uvicorn.Config(
                application,
                host=host,
                port=port,
                http=Connection,
                ws=WebSocket,
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
            )
        )
        self.most_body_bytes = most_body_bytes
        self._grace = grace
        self._beside = beside
        self._open: dict[str, dict[Connection, None]] = {}
        """The connections of each address, those that were opened first in front."""
        self._count = 0
        self._most_open = MOST_CONNECTIONS

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self.should_exit

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal comes; raise CannotListen."""
        self._most_open = room_for_connections()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        with asyncio.Runner(loop_factory=fast_loop) as runner:
            runner.run(self._serve(sockets))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and run what runs beside; raise CannotListen."""
        listen = asyncio.get_running_loop().create_server
        make = functools.partial(
            Connection,
            self,
            config=self.config,
            server_state=self.server_state,
            app_state={},
        )
        where = self.config.host, self.config.port
        try:
            self.servers = [await listen(make, *where, backlog=BACKLOG)]
        except (OSError, UnicodeError) as error:
            raise CannotListen(str(error)) from error
        self.started = True
        if self._beside:
            self._beside_task = asyncio.ensure_future(self._beside())
        log.info("web started", host=where[0], port=where[1])

    # ── connections ──────────────────────────────────────────────────────────

    def opened(self, connection: Connection) -> None:
        """Note a new connection; if need be, one that rests makes room for it."""
        self._open.setdefault(_host(connection), {})[connection] = None
        self._count += 1
        if self._count > self._most_open:
            self._make_room(connection)

    def _make_room(self, connection: Connection) -> None:
        """End the oldest that rests, of the address that has most connections."""
        greatest = max(self._open.values(), key=len)
        oldest = next((one for one in greatest if one.resting), connection)
        if oldest is connection:
            connection.refuse(Refusal(503, "too many connections"))
        else:
            self.closed(oldest)
            oldest.transport.abort()

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        host = _host(connection)
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
        log.info("request refused", status=code, client=_host(connection))

    # ── the end ──────────────────────────────────────────────────────────────

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain."""
        for server in self.servers:
            server.close()
        log.info("web draining", requests=len(self._in_progress()))
        stopping.begin()
        for one in list(self.server_state.connections):
            try:
                one.shutdown()
            except Exception:  # the others are told, whatever is wrong with this one
                log.exception("connection not told")
                one.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(self._grace - LAST_WORDS, 0)):
                while self._waits():  # noqa: ASYNC110 uvicorn has no event for it
                    await asyncio.sleep(LOOK_EVERY)
        if late := self._in_progress():
            log.warning("requests given up", requests=len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=LAST_WORDS)
        for connection in self._connections():
            connection.transport.close()
        if self._beside:
            self._beside_task.cancel()
            await asyncio.gather(self._beside_task, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await process_client.close()
        log.info("web stopped")

    def _in_progress(self) -> set[asyncio.Task[None]]:
        """Return the work on requests that have arrived, and of WebSockets."""
        arriving = {one.unfinished for one in self._connections()}
        return {task for task in self.server_state.tasks if task not in arriving}

    def _waits(self) -> bool:
        """Tell whether something is still to be answered, or an answer to be read."""
        unread = (one.transport.get_write_buffer_size() for one in self._connections())
        return not self.force_exit and (bool(self._in_progress()) or any(unread))


def _host(connection: Connection) -> str:
    return connection.client[0] if connection.client else ""


def room_for_connections() -> int:
    """Raise the limit of open files as far as it goes; return what it leaves room for.

    A connection may need two files: its socket, and one for a body.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_CONNECTIONS + FILES_BESIDE
    limit = wanted if most == resource.RLIM_INFINITY else min(most, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    return max(16, (limit - FILES_BESIDE) // 2)
