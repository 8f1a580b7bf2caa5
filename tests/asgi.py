"""A client that calls an ASGI application in its own process, and may leave early."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

Application = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Answer:
    """What the application sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, or nothing."""
        return dict(self.headers).get(name.lower(), "")

    def json(self) -> Any:
        """Return what the body says."""
        return json.loads(self.body)


class Asked:
    """A request that is under way."""

    def __init__(
        self,
        application: Application,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
        *,
        client: tuple[str, int] = ("127.0.0.1", 4711),
    ) -> None:
        """Send it, in just this spelling of its method."""
        pieces = [body] if isinstance(body, bytes) else list(body)
        self._sent: list[dict[str, Any]] = []
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for piece in pieces:
            more = {"body": piece, "more_body": True}
            self._incoming.put_nowait({"type": "http.request", **more})
        self._incoming.put_nowait({"type": "http.request"})
        given = {"Host": "localhost", **(headers or {})}
        if isinstance(body, bytes):
            given.setdefault("Content-Length", str(len(body)))
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in given.items()],
            "client": client,
            "server": ("127.0.0.1", 8000),
        }
        work = application(scope, self._incoming.get, self._send)
        self._task = asyncio.ensure_future(work)

    def leave(self) -> None:
        """Hang up."""
        self._incoming.put_nowait({"type": "http.disconnect"})

    async def end(self) -> list[dict[str, Any]]:
        """Wait until the application has done with it; return what it sent."""
        await asyncio.wait_for(self._task, 30)
        return self._sent

    async def answer(self) -> Answer:
        """Return the whole answer."""
        start, *parts = await self.end()
        named = tuple(
            (k.decode().lower(), v.decode("latin-1")) for k, v in start["headers"]
        )
        body = b"".join(part.get("body", b"") for part in parts)
        return Answer(start["status"], named, body)

    async def _send(self, message: dict[str, Any]) -> None:
        self._sent.append(message)


async def ask(*request: Any, **options: Any) -> Answer:
    """Send a request and return its answer: see `Asked`."""
    return await Asked(*request, **options).answer()
