"""A WebSocket of this process."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from common.http.request_head import MALFORMED

GOING_AWAY = 1001
"""RFC 6455, section 7.4.1."""


class WebSocket(WebSocketsSansIOProtocol):
    """uvicorn's, whose end is told as RFC 6455 has it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app = _quietly(self.app)

    def data_received(self, data: bytes) -> None:
        """Take frames; refuse a handshake that cannot be read: uvicorn leaves it."""
        super().data_received(data)
        if self.conn.handshake_exc and not self.handshake_initiated:
            self.close_sent = True
            self.transport.write(MALFORMED.answer())
            self.transport.close()

    def shutdown(self) -> None:
        """Close with 1001; one that is not open yet is refused."""
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
        self.conn.send_close(GOING_AWAY, "the server is going away")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()


def _quietly(app: Any) -> Any:
    """Return an application that may be cancelled: that is no error."""

    async def quiet(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            return

    return quiet
