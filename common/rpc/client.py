"""The caller's side of the contracts: `await client.call(request)`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from common.context import Headers, current_headers
from common.rpc.contract import R, Request
from common.rpc.errors import ContractBroken
from common.rpc.notices import Notices
from common.rpc.transports import TimedReply, Transport


class Client:
    """Calls services, wherever they live. It belongs to one event loop."""

    def __init__(
        self,
        caller: str,
        transports: Mapping[str, Transport],
        notices: Notices | None = None,
    ) -> None:
        self._caller = caller
        self._transports = transports
        self.notices = notices or Notices(caller)

    async def call(
        self, request: Request[R], *, timeout: float | None = None, attempt: int = 1
    ) -> R:
        """Return the reply, waiting `timeout` seconds (or the contract's timeout).

        Raises a refusal the contract declares, Busy, NoReply, Crashed or
        ContractBroken: see `common.rpc.errors` for what each lets you conclude.
        """
        return (await self.call_timed(request, timeout=timeout, attempt=attempt)).reply

    async def call_timed(
        self, request: Request[R], *, timeout: float | None = None, attempt: int = 1
    ) -> TimedReply[R]:
        """Like `call`, and tell how long the request waited and was worked on."""
        return await self._transport(request).call(
            request,
            self._headers(attempt),
            timeout=request.timeout if timeout is None else timeout,
        )

    async def notify(self, request: Request[Any]) -> None:
        """Send a request and return at once, without knowing what becomes of it."""
        await self._transport(request).notify(request, self._headers(1))

    async def close(self) -> None:
        """Close every transport."""
        await self.notices.close()
        for transport in set(self._transports.values()):
            await transport.close()

    def _transport(self, request: Request[Any]) -> Transport:
        try:
            return self._transports[request.service]
        except KeyError:
            raise ContractBroken(f"no way to {request.service}") from None

    def _headers(self, attempt: int) -> Headers:
        return msgspec.structs.replace(
            current_headers(), caller=self._caller, attempt=attempt
        )
