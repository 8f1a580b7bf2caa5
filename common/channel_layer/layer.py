"""The channel layer: the specification of the Channels docs, on Valkey or Redis.

https://channels.readthedocs.io/en/stable/channel_layer_spec.html
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any, ClassVar

from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer
from channels_redis.serializers import registry
from channels_redis.utils import decode_hosts
from redis.asyncio import Redis

from common.channel_layer.errors import UnreadableMessage
from common.channel_layer.frame import join
from common.channel_layer.groups import Groups
from common.channel_layer.inbox import Inbox
from common.channel_layer.local_channels import LocalChannels
from common.channel_layer.messages import Message, checked, read
from common.channel_layer.outbox import FULL
from common.channel_layer.own_names import OwnNames
from common.channel_layer.places import Place, Places
from common.channel_layer.resilience import Resilience
from common.channel_layer.this_loop import ThisLoop


class RedisChannelLayer(Groups, BaseChannelLayer):  # type: ignore[misc]  # untyped
    """A drop-in for `channels_redis.core.RedisChannelLayer` that loses less.

    At most once: a message is received by one receiver or by none, never by two. One
    receiver gets the messages of one sender in their order. What nobody receives
    within `expiry` seconds, by the broker's clock, is gone. See `errors` for what each
    exception lets you conclude. It needs Valkey, or Redis 7 for its BLMPOP.
    """

    extensions: ClassVar = ["groups", "flush"]
    brpop_timeout = 5.0
    """Seconds that one blocking pop lasts."""

    def __init__(
        self,
        hosts: Any = None,
        prefix: str = "asgi",
        expiry: float = 60,
        group_expiry: int = 86400,
        capacity: int = 100,
        channel_capacity: dict[Any, int] | None = None,
        symmetric_encryption_keys: list[str | bytes] | None = None,
        random_prefix_length: int = 12,
        serializer_format: str = "msgpack",
        max_message_size: int = 4 * 2**20,
        max_receive_size: int | None = None,
        resilience: Mapping[str, Any] | None = None,
    ) -> None:
        """Set it up; connections open when they are needed.

        `hosts` is the setting of channels_redis. What is longer than
        `max_receive_size` bytes is not even looked at; by default that is
        `max_message_size`. Raises ValueError for limits that cannot be.
        """
        if max_receive_size is None:
            max_receive_size = max_message_size
        limits = {
            "expiry": expiry,
            "group_expiry": group_expiry,
            "capacity": capacity,
            "max_message_size": max_message_size,
            "max_receive_size": max_receive_size,
            **{
                f"channel_capacity {k!r}": v
                for k, v in (channel_capacity or {}).items()
            },
        }
        for name, value in limits.items():
            if value <= 0:
                raise ValueError(f"{name}: expected a number above 0, not {value!r}")
        if not isinstance(prefix, str):
            raise ValueError(f"prefix: expected text, not {prefix!r}")
        super().__init__(expiry=expiry, capacity=capacity)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        self.group_expiry = group_expiry
        self._expiry_ms = int(expiry * 1000)
        self.prefix = prefix
        self.max_message_size = max_message_size
        self.max_receive_size = max_receive_size
        self.client_prefix = uuid.uuid4().hex
        self.counts: Counter[str] = Counter()
        """What became of messages that were not received, by reason."""
        self.hosts = decode_hosts(hosts)
        self.ring_size = len(self.hosts)
        # no expiry: Fernet would compare the clocks of two machines
        self._serializer = registry.get_serializer(
            serializer_format,
            random_prefix_length=random_prefix_length,
            symmetric_encryption_keys=symmetric_encryption_keys,
        )
        self._resilience = resilience and Resilience(resilience, self.counts)
        self._names = OwnNames(self.client_prefix)
        self._local = LocalChannels(capacity, expiry, self._names)
        self._places = Places(prefix, self.ring_size, self.non_local_name)
        self._turns = count()
        self._loops: dict[asyncio.AbstractEventLoop, ThisLoop] = {}

    @property
    def receive_buffer(self) -> dict[str, Inbox]:
        """What has arrived for process-local channels, by name."""
        return self._local.inboxes

    async def send(self, channel: str, message: Message) -> None:
        """Put a message into a channel.

        Raises TypeError for a bad name or message, ChannelFull, MessageTooLarge,
        BrokerUnreachable or BrokerRefused if it is not there, and SendOutcomeUnknown if
        nobody can say.
        """
        await self._push(self._place(channel), self._checked(message), [channel])

    async def receive(self, channel: str) -> Message:
        """Wait for the next message of a channel.

        Cancelling it loses nothing. Raises UnreadableMessage for a message that is
        damaged or too long, BrokerUnreachable or BrokerRefused when the broker fails;
        then call it again, it connects anew (after a pause that grows and varies).
        """
        message, _ = await self.receive_with_age(channel)
        return message

    async def receive_with_age(self, channel: str) -> tuple[Message, float | None]:
        """Like `receive`, and tell the message's age (seconds) by the broker's clock.

        It counts from when the broker took the message; None if that is not known.
        """
        place = self._place(channel)
        if place.local:
            frame = await self._here().receive_local(place, self.client_prefix)
        else:
            capacity = self.get_capacity(place.name)
            frame = await self._here().receive(place, capacity)
        try:
            return read(frame, self.deserialize, self.max_receive_size), frame.age
        except UnreadableMessage as error:
            self.counts["unreadable"] += 1
            raise UnreadableMessage(f"{channel}: {error}") from None

    async def new_channel(self, prefix: str = "specific") -> str:
        """Return the name of a new channel that only this process receives from."""
        return self._names.new(prefix)

    async def flush(self) -> None:
        """Delete all channels and groups of this prefix at every broker."""
        pattern = "".join(f"\\{c}" if c in "*?[]\\" else c for c in self.prefix) + ":*"
        for index in range(self.ring_size):
            server = self.connection(index)
            async for key in server.scan_iter(match=pattern, count=1000):
                await server.delete(key)
        self._local.inboxes.clear()
        await self.close_pools()

    async def close_pools(self) -> None:
        """End this event loop's connections; messages in hand go back."""
        if here := self._loops.pop(asyncio.get_running_loop(), None):
            await here.connections.close()

    def connection(self, index: int) -> Redis:
        """Return a redis-py client of a broker, for looking at what is there."""
        return Redis(connection_pool=self._here().connections.pools[index])

    def serialize(self, message: Message) -> bytes:
        """Return a message as bytes."""
        data: bytes = self._serializer.serialize(message)
        return data

    def deserialize(self, message: bytes) -> Message:
        """Return the message in some bytes."""
        data: Message = self._serializer.deserialize(message)
        return data

    def consistent_hash(self, value: str) -> int:
        """Return the index of the broker that a name belongs to."""
        return self._places.host(value)

    def get_capacity(self, channel: str) -> int:
        """Return how many messages a channel holds; local ones share their prefix's."""
        if not self.channel_capacity:
            return int(self.capacity)
        names = (channel, self.non_local_name(channel))
        for pattern, capacity in self.channel_capacity:
            if any(pattern.match(name) for name in names):
                return int(capacity)
        return int(self.capacity)

    def _checked(self, message: Message) -> bytes:
        return checked(message, self.serialize, self.max_message_size)

    async def _push(self, place: Place, payload: bytes, channels: list[str]) -> None:
        frame = join(payload, channels if place.local else [])
        if self._resilience:
            put = partial(self._put, place, frame)
            await self._resilience.carry(place.channel, put)
        else:
            await self._put(place, frame)

    async def _put(self, place: Place, frame: bytes) -> None:
        host = place.host if place.local else next(self._turns) % self.ring_size
        capacity = self.get_capacity(place.channel)
        outbox = self._here().outboxes[host]
        made_room = await outbox.put(place.key, capacity, frame)
        if made_room == FULL:
            self.counts["full"] += 1
            raise ChannelFull(f"{place.name} holds {capacity} messages")
        if made_room:
            self.counts["expired"] += made_room

    def _place(self, channel: str) -> Place:
        """Return where a channel lies; raises TypeError for a name that is none."""
        return self._places.find(channel, self.require_valid_channel_name)

    def _here(self) -> ThisLoop:
        """Return what belongs to the running event loop."""
        loop = asyncio.get_running_loop()
        try:
            return self._loops[loop]
        except KeyError:  # its first message
            pass
        for other in list(self._loops):
            if other.is_closed():
                del self._loops[other]
        limits = {"expiry": self.expiry, "block": self.brpop_timeout}
        self._loops[loop] = ThisLoop(self.hosts, self._local, self.counts, **limits)
        return self._loops[loop]

    def __str__(self) -> str:
        return f"{type(self).__name__}(hosts={self.hosts})"
