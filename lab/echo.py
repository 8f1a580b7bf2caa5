"""The contracts of the service `echo`, whose handlers do no work."""

import asyncio

from common.rpc.contract import Reply, Request
from common.rpc.service import Service


class Echoed(Reply, frozen=True, kw_only=True):
    """What was said."""

    body: bytes


class EchoInline(Request[Echoed], frozen=True, kw_only=True):
    """Say something to a handler on the event loop."""

    timeout = 30.0
    body: bytes


class EchoPooled(Request[Echoed], frozen=True, kw_only=True):
    """Say something to a handler in the pool of threads."""

    timeout = 30.0
    body: bytes


class EchoLate(Request[Echoed], frozen=True, kw_only=True):
    """Say something to a handler that answers when its caller has given up."""

    timeout = 0.2
    body: bytes


service = Service("echo")


@service.handles(EchoInline)
async def inline(request: EchoInline) -> Echoed:
    """Answer at once."""
    return Echoed(body=request.body)


@service.handles(EchoPooled)
def pooled(request: EchoPooled) -> Echoed:
    """Answer from a thread."""
    return Echoed(body=request.body)


@service.handles(EchoLate)
async def late(request: EchoLate) -> Echoed:
    """Answer too late."""
    await asyncio.sleep(2 * request.timeout)
    return Echoed(body=request.body)
