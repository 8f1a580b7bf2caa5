"""A service that does a known amount of work a second, if nobody asks for more."""

import asyncio

from common.rpc.contract import Done, Request
from common.rpc.service import Service

SECONDS = 0.02
SLOTS = 8
CAN_DO = SLOTS / SECONDS
"""Requests a second: 400."""
CAPACITY = 1000
"""The channel holds two and a half seconds of work; callers wait for one."""


class Toil(Request[Done], frozen=True, kw_only=True):
    """Take 20 ms."""

    timeout = 1.0


service = Service("toil")


@service.handles(Toil)
async def toil(_request: Toil) -> Done:
    """Take as long as it takes, without needing the processor."""
    await asyncio.sleep(SECONDS)
    return Done()
