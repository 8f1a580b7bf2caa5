"""Groups of channels: the part of the channel layer that sends to many."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from channels.exceptions import ChannelFull

from common.channel_layer.frame import MOST_NAMES
from common.channel_layer.line import Line
from common.channel_layer.messages import Message
from common.channel_layer.scripts import script
from common.channel_layer.wire import accepted

log = logging.getLogger(__name__)


class Groups:
    """The methods of the channel layer's extension "groups"."""

    if TYPE_CHECKING:  # what the layer itself has
        prefix: str
        group_expiry: int
        require_valid_group_name: Any
        require_valid_channel_name: Any
        non_local_name: Any
        consistent_hash: Any
        _checked: Any
        _here: Any
        _place: Any
        _push: Any

    async def group_add(self, group: str, channel: str) -> None:
        """Add a channel to a group, until it is discarded or `group_expiry` is over."""
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        line, expiry = self._line(group), int(self.group_expiry)
        await line.call(script("group_add"), self._group_key(group), channel, expiry)

    async def group_discard(self, group: str, channel: str) -> None:
        """Take a channel out of a group; does nothing if it is not in it."""
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        accepted(await self._line(group).run("ZREM", self._group_key(group), channel))

    async def group_send(self, group: str, message: Message) -> None:
        """Send a message to each channel of a group; full channels go without it."""
        self.require_valid_group_name(group)
        payload = self._checked(message)
        members = await self._line(group).call(
            script("group_members"), self._group_key(group), int(self.group_expiry)
        )
        channels: dict[str, list[str]] = {}
        for member in members:
            name = member.decode("ascii")
            channels.setdefault(self.non_local_name(name), []).append(name)
        parts = [
            names[start : start + MOST_NAMES]
            for names in channels.values()
            for start in range(0, len(names), MOST_NAMES)
        ]
        results = await asyncio.gather(
            *(self._push(self._place(names[0]), payload, names) for names in parts),
            return_exceptions=True,
        )
        self._note_full(group, parts, results)

    def _note_full(
        self, group: str, members: list[list[str]], results: list[BaseException | None]
    ) -> None:
        full = 0
        for names, result in zip(members, results, strict=True):
            if isinstance(result, ChannelFull):
                full += len(names)
            elif result is not None:
                raise result
        if full:
            total = sum(len(names) for names in members)
            log.info("%s of %s channels over capacity in group %s", full, total, group)

    def _line(self, name: str) -> Line:
        """Return the line to the broker that a group or a prefix belongs to."""
        line: Line = self._here().connections.lines[self.consistent_hash(name)]
        return line

    def _group_key(self, group: str) -> bytes:
        return f"{self.prefix}:group:{group}".encode()
