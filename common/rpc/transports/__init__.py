"""How a request reaches its service: `channel:` over the bus, `local:` by a call."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol

from common.context import Headers
from common.rpc.contract import R, Request


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[R]):
    """A reply, and where its time went."""

    reply: R
    queue_seconds: float
    handler_seconds: float


class Transport(Protocol):
    """A way to one or more services."""

    async def ask(
        self, request: Request[R], headers: Headers, *, within: float
    ) -> Answer[R]:
        """Return the answer, or raise a ServiceError after `within` seconds."""

    async def tell(self, request: Request[Any], headers: Headers) -> None:
        """Send a request whose answer nobody waits for."""

    async def close(self) -> None:
        """Let go of connections and tasks."""
