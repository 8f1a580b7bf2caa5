"""`python -m tests.common.http.lingering [options of serve]`: what is slow to end.

The real `serve` with another application: the page is answered once a WebSocket has
ended, and a WebSocket stays until the server or its client closes it.
A large answer is read when its client likes.
"""

import asyncio
import os
import sys
from typing import Any

import django
from django.core.management import call_command

LARGE = 30_000_000
"""Bytes of an answer that no socket takes at once."""

ended = asyncio.Event()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer a page or hold a WebSocket."""
    if scope["type"] == "websocket":
        await receive()
        if scope["path"] == "/undecided":
            await asyncio.Event().wait()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "here"})
        ended.set()
        if scope["path"] == "/stubborn":
            await asyncio.Event().wait()
    elif scope["path"] == "/large":
        length = (b"content-length", b"%d" % LARGE)
        start = {"type": "http.response.start", "status": 200, "headers": [length]}
        await send(start)
        await send({"type": "http.response.body", "body": bytes(LARGE)})
        print("all sent", flush=True)
    else:
        print("page asked for", flush=True)
        await ended.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"late, but here"})


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "orders.settings"
    django.setup()
    from django.conf import settings

    sys.modules["tests.common.http.lingering"] = sys.modules["__main__"]
    settings.ASGI_APPLICATION = "tests.common.http.lingering.application"
    call_command("serve", *sys.argv[1:])
