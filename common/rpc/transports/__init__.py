"""How a request reaches its service: `channel:` over the bus, `local:` by a call."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol

from common.context import Headers
from common.rpc.contract import R, Request


@dataclass(frozen=True, kw_only=True)
class TimedReply(Generic[R]):
    """A reply, and where its time went."""

    reply: R
    queue_seconds: float
    handler_seconds: float


class Transport(Protocol):
    """A way to one or more services."""

    async def call(
        self, request: Request[R], headers: Headers, *, timeout: float
    ) -> TimedReply[R]:
        """Return the answer, or raise a ServiceError after `timeout` seconds."""

    async def notify(self, request: Request[Any], headers: Headers) -> None:
        """Send a request whose answer nobody waits for."""

    async def close(self) -> None:
        """Let go of connections and tasks."""
