"""A worker's liveness and readiness over HTTP, answered by its own event loop.

So a loop that hangs answers nobody, and whoever watches the worker finds out.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from common.ops.readiness import Readiness

HOST = "127.0.0.1"
MOST_BYTES = 8192
"""Of a request's line and headers; a body is not read."""
READ_WITHIN = 5.0
"""Seconds for a request to arrive."""

StatusAndContent = tuple[HTTPStatus, dict[str, Any]]


async def listen(port: int, readiness: Readiness) -> asyncio.Server:
    """Answer GET /health/live and /health/ready here; raise OSError if it cannot be."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READ_WITHIN):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_message(*await _answer(head, readiness)))
            await writer.drain()
        except (TimeoutError, EOFError, OSError, asyncio.LimitOverrunError):
            pass  # whoever asked did not finish, or is gone
        finally:
            writer.close()

    return await asyncio.start_server(serve, HOST, port, limit=MOST_BYTES)


async def _answer(head: bytes, readiness: Readiness) -> StatusAndContent:
    method, _, rest = head.decode("latin-1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if path not in {"/health/live", "/health/ready"}:
        return HTTPStatus.NOT_FOUND, {}
    if method != "GET":
        return HTTPStatus.METHOD_NOT_ALLOWED, {}
    if path == "/health/live":
        return HTTPStatus.OK, {"live": True}
    problems = await readiness.problems()
    ready = readiness.is_ready(problems)
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return status, {"ready": ready, "problems": problems}


def _message(status: HTTPStatus, content: dict[str, Any]) -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body
