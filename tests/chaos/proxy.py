"""A TCP proxy in front of the bus that can hold back one direction, or cut it off."""

import asyncio
import contextlib
import threading
from typing import Literal

Direction = Literal["to the bus", "from the bus"]
CHUNK = 65536


class FaultProxy:
    """Listens on a port of its own, in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target = target_port
        self._open: dict[str, asyncio.Event] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def hold(self, direction: Direction) -> None:
        """Keep what is under way in this direction, until `let_go`."""
        self._loop.call_soon_threadsafe(self._open[direction].clear)

    def let_go(self, direction: Direction) -> None:
        """Deliver what was kept, however late."""
        self._loop.call_soon_threadsafe(self._open[direction].set)

    def cut(self) -> None:
        """Break all connections; what was kept is lost."""
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        for direction in ("to the bus", "from the bus"):
            self._open[direction] = asyncio.Event()
            self._open[direction].set()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        self._abort()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, there[1]}
        self._writers |= both
        try:
            await asyncio.gather(
                self._pump(reader, there[1], "to the bus"),
                self._pump(there[0], writer, "from the bus"),
            )
        finally:
            self._writers -= both
            for one in both:
                one.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        direction: Direction,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._open[direction].wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()  # who has hung up reads no answer
