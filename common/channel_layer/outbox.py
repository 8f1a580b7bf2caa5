"""Messages on their way to one broker: what is sent together travels together.

While much is going on, messages wait for the event loop's next turn; then all that are
for one channel leave in one piece, in order. A lone message leaves at once.
"""

import asyncio
from functools import partial
from typing import Any

from common.channel_layer.errors import BrokerUnreachable, ChannelLayerError
from common.channel_layer.line import Line
from common.channel_layer.scripts import script
from common.channel_layer.wire import Wire, accepted, is_error

MOST_MESSAGES = 100
"""In one piece: while a script runs, the broker does nothing else."""
MOST_BYTES = 2**20
FULL = -1


class Outbox:
    """Sends of one event loop to one broker."""

    def __init__(self, line: Line, expiry_ms: int) -> None:
        self._line = line
        self._expiry_ms = expiry_ms
        self._loop = asyncio.get_running_loop()
        self._parcels: dict[tuple[str, int], _Parcel] = {}
        self._scheduled = False
        self._crowded = False
        """Whether the last message that left had company, so the next one may have."""

    async def put(self, key: str, capacity: int, frame: bytes) -> int:
        """Append a frame to a channel; return how many expired ones made room, or FULL.

        Raises BrokerUnreachable or BrokerRefused if it is not there, SendOutcomeUnknown
        if nobody can say.
        """
        wire = self._line.wire or await self._line.connected()
        where = key, capacity
        parcel = self._parcels.get(where)
        if parcel is None:
            parcel = self._parcels[where] = _Parcel(key, capacity)
        sent = self._loop.create_future()
        parcel.add(frame, sent)
        if parcel.size >= MOST_BYTES or len(parcel.frames) >= MOST_MESSAGES:
            self._post(self._parcels.pop(where))
        elif not (wire.busy or self._crowded):
            self._post_all()
        elif not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._post_all)
        made_room: int = await sent
        return made_room

    def _post_all(self) -> None:
        self._scheduled = False
        parcels, self._parcels = self._parcels, {}
        for parcel in parcels.values():
            self._post(parcel)

    def _post(self, parcel: "_Parcel") -> None:
        if wire := self._line.wire:
            self._crowded = len(parcel.frames) > 1
            then = partial(self._answered, wire, parcel)
            wire.post(
                self._command("EVALSHA", script("send").sha, parcel), then=(then,)
            )
        else:
            parcel.fail(
                BrokerUnreachable("the connection broke before the message left")
            )

    def _answered(self, wire: Wire, parcel: "_Parcel", reply: Any) -> None:
        if is_error(reply, "NOSCRIPT"):  # a new broker, or told to forget scripts
            command = self._command("EVAL", script("send").text, parcel)
            wire.post(command, then=(parcel.answered,))
        else:
            parcel.answered(reply)

    def _command(self, verb: str, code: str, parcel: "_Parcel") -> tuple[Any, ...]:
        limits = parcel.capacity, self._expiry_ms
        return (verb, code, 1, parcel.key, *limits, *parcel.frames)


class _Parcel:
    """Frames for one channel that travel together."""

    def __init__(self, key: str, capacity: int) -> None:
        self.key = key
        self.capacity = capacity
        self.frames: list[bytes] = []
        self.size = 0
        self._senders: list[asyncio.Future[int]] = []

    def add(self, frame: bytes, sender: asyncio.Future[int]) -> None:
        self.frames.append(frame)
        self.size += len(frame)
        self._senders.append(sender)

    def answered(self, reply: Any) -> None:
        """Tell each sender what became of its message."""
        try:
            room, expired = accepted(reply)
        except ChannelLayerError as error:
            self.fail(error)
            return
        for number, sender in enumerate(self._senders):
            if not sender.done():
                sender.set_result(FULL if number >= room else expired)
                expired = 0  # counted once

    def fail(self, error: ChannelLayerError) -> None:
        """Raise an error in each sender."""
        for sender in self._senders:
            if not sender.done():
                sender.set_exception(type(error)(*error.args))
