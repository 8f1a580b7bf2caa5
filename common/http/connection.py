"""One connection of a client: requests arrive on it, and are answered one by one.

A request arrives within a time, and a client that does not read is given up. Whatever
is refused is answered with a problem document.
"""

import asyncio

from common.http.arrival import Arrival
from common.http.exchange import READ_WITHIN, Exchange
from common.http.request_head import Refusal

ARRIVES_WITHIN = 20
"""Seconds for a request to arrive whole, and for a connection to be without one."""
LINGER = 2.0
"""Seconds in which a client may finish sending what will not be read."""


class Connection(Arrival):
    """A connection that its server can do without at any time."""

    _sends_no_more = False
    _refusal: Refusal | None = None
    _timer: asyncio.TimerHandle | None = None

    @property
    def resting(self) -> bool:
        """Whether nothing has been asked on it, whole, that is still to be answered."""
        return self.at_work is None or self.at_work.more_body

    @property
    def unfinished(self) -> "asyncio.Task[None] | None":
        """The task that waits for the rest of a request's body, if there is one."""
        return self.at_work.task if self.resting and self.at_work else None

    def _unanswered(self) -> list[Exchange]:
        return [*([self.at_work] if self.at_work else []), *self.waiting]

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
        answered = self.in_body and self.cycle.response_complete
        if self.arriving and not answered:
            self.refuse(Refusal(408, f"expected all of it within {ARRIVES_WITHIN} s"))
        elif self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    # ── a request arrives ────────────────────────────────────────────────────

    def request_begun(self) -> None:
        """Begin the time in which it must arrive, unless an earlier one is answered."""
        if self.at_work is None:
            self._expect()

    def request_whole(self) -> None:
        """End that time."""
        if self.at_work:
            self._expect_no_more()

    def upgrade(self) -> None:
        """Hand the connection over to a WebSocket; there is no other upgrade here."""
        if not self._should_upgrade():
            self.deafen()
            return
        self._expect_no_more()
        self._server.closed(self)
        self.handle_websocket_upgrade()

    # ── it is answered ───────────────────────────────────────────────────────

    def begin(self, exchange: Exchange) -> None:
        self.at_work = exchange
        exchange.sends_no_more = self._sends_no_more
        exchange.task = task = self.loop.create_task(exchange.run_asgi(self.app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        self.server_state.total_requests += 1
        self.at_work = None
        if self.transport.is_closing():
            self._give_up_after(READ_WITHIN)
        elif self.waiting:
            self.begin(self.waiting.popleft())
        elif self._refusal:
            self._answer_with(self._refusal)
        elif self._sends_no_more or self._server.stopping:
            self.transport.close()
            self._give_up_after(READ_WITHIN)
        else:
            self.flow.resume_reading()
            self._expect()

    def deafen(self) -> None:
        """Read nothing more, and close once what was asked is answered."""
        self.deaf = True
        self.arriving = False
        self.cycle.keep_alive = False

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a problem document, after the answers before it, and close."""
        self.deaf = True
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
        for exchange in self._unanswered():
            exchange.disconnected = True
            exchange.message_event.set()
        self.waiting.clear()
        self.at_work = None

    def shutdown(self) -> None:
        """Close once what is in hand is answered: the process stops."""
        for exchange in self._unanswered():
            exchange.keep_alive = False

    def _give_up_after(self, seconds: float) -> None:
        self._expect_no_more()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    # ── the client goes ──────────────────────────────────────────────────────

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Answer a client that sends nothing more, but do not let it wait."""
        self._sends_no_more = True
        if self.resting:
            return None  # close
        for exchange in self._unanswered():
            exchange.hurry()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the place to others."""
        self._expect_no_more()
        self._abandon()
        self._server.closed(self)
        super().connection_lost(exc)
