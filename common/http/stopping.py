"""Whether this web process was told to stop: whoever waits for long ends early then."""

import asyncio

_begun = False
_waiting: set[asyncio.Event] = set()


def begin() -> None:
    """Tell all who wait, on the event loop."""
    global _begun
    _begun = True
    for event in _waiting:
        event.set()


def has_begun() -> bool:
    """Tell whether it was told to stop."""
    return _begun


async def begun() -> None:
    """Return when the process was told to stop."""
    event = asyncio.Event()
    if _begun:
        return
    _waiting.add(event)
    try:
        await event.wait()
    finally:
        _waiting.discard(event)
