"""A request and its answer, as the application receives and sends them."""

import asyncio
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from common.http import problem

READ_WITHIN = 20.0
"""Seconds in which a client must have read what was sent before."""

log = structlog.get_logger(__name__)


class Exchange(RequestResponseCycle):
    """uvicorn's, whose client may be slow or gone, and whose errors are problems."""

    task: asyncio.Task[None] | None = None
    sends_no_more = False
    _was_received = False

    def hurry(self) -> None:
        """Tell the application that its client sends nothing more."""
        self.sends_no_more = True
        if self._was_received:
            self.message_event.set()

    async def receive(self) -> Any:
        """Return the body, then that the client sends no more."""
        if self._was_received and self.sends_no_more:
            return {"type": "http.disconnect"}
        message = await super().receive()
        if message["type"] == "http.request":
            if self._was_received:
                return {"type": "http.disconnect"}
            self._was_received = not message.get("more_body", False)
        return message

    async def send(self, message: Any) -> None:
        """Send a piece of an answer once the client has read the one before."""
        if self.flow.write_paused and not self.disconnected:
            try:
                async with asyncio.timeout(READ_WITHIN):
                    await self.flow.drain()
            except TimeoutError:
                self.transport.abort()
                self.disconnected = True
        await super().send(message)

    async def run_asgi(self, app: Any) -> None:
        """Have it answered; a client that gets no whole answer is disconnected."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # the process stops
            pass
        except Exception:
            log.exception("request failed")
            if not self.response_started:
                await self._send_server_error()
        finally:
            if not self.response_complete and not self.disconnected:
                self.transport.abort()
            self.on_response = _nothing

    async def _send_server_error(self) -> None:
        answer = problem.answer(500)
        answer["Content-Length"] = str(len(answer.content))
        answer["Connection"] = "close"
        headers = [(k.encode(), v.encode()) for k, v in answer.items()]
        start = {"type": "http.response.start", "status": 500, "headers": headers}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": answer.content})


def _nothing() -> None:
    """Do nothing: the answer is complete, or will never be."""
