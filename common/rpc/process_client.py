"""The one client of this Django process, and the event loop it lives on.

The loop is the server's, the worker's, or, for commands and tests, that of one daemon
thread. `async_to_sync(call)` would make a new loop for every call; `call_sync` posts
to the process's loop instead.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from functools import cache, partial
from importlib import import_module
from typing import Any, TypeVar, cast

import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from common.database import in_pool_thread, refuse_open_transaction
from common.ops.outage import described
from common.rpc.client import Client
from common.rpc.contract import R, Request
from common.rpc.notices import Changed, Notices
from common.rpc.service import Service
from common.rpc.transports import TimedReply, Transport
from common.rpc.transports.channel import Channel
from common.rpc.transports.layer import ChannelLayer
from common.rpc.transports.local import Local

log = structlog.get_logger(__name__)
T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_client: Client | None = None
_thread: threading.Thread | None = None
_notifying: set["Future[None]"] = set()
"""What `notify_sync` has begun."""

FAREWELL = 2.0
"""Seconds for which a process that ends still finishes what `notify_sync` has begun."""


async def call(
    request: Request[R], *, timeout: float | None = None, attempt: int = 1
) -> R:
    """Return the reply of a service: see `Client.call`. Refuses in a transaction."""
    return (await call_timed(request, timeout=timeout, attempt=attempt)).reply


async def call_timed(
    request: Request[R], *, timeout: float | None = None, attempt: int = 1
) -> TimedReply[R]:
    """Like `call`, and tell where the time went."""
    refuse_open_transaction()
    return await client().call_timed(request, timeout=timeout, attempt=attempt)


def call_sync(request: Request[R], *, timeout: float | None = None) -> R:
    """`call` for plain code, such as a Django view: blocks until the reply is here.

    Raises RuntimeError in a plain handler: the answer may need the very thread that
    waits for it. A handler that calls other services is `async def`.
    """
    refuse_open_transaction()
    if in_pool_thread():
        raise RuntimeError("a handler that calls other services must be `async def`")
    return _post(_call_there(request, timeout)).result()


def run_on_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the process's loop and wait for it, from plain code."""
    return _post(work).result()


def notify_sync(request: Request[Any]) -> None:
    """Send a request from plain code without waiting, not even for the sending."""

    async def notify() -> None:
        try:
            await client().notify(request)
        except Exception as error:  # a wake-up: the sweeper does without it
            log.info(
                "not notified", request=type(request).__name__, error=described(error)
            )

    notifying = _post(notify())
    _notifying.add(notifying)
    notifying.add_done_callback(_notifying.discard)


def announce(changed: Changed) -> None:
    """Tell from plain code, after its commit, what has changed: see `Notices`."""
    if _loop is not None and not _loop.is_closed():
        _loop.call_soon_threadsafe(_tell, changed)


def client() -> Client:
    """Return the client of the running loop, making that loop the process's own."""
    global _client
    bind()
    with _lock:
        if _client is None:
            _client = _new_client()
        return _client


def bind() -> None:
    """Make the running event loop the one that all calls of this process use.

    Raises RuntimeError if the process has another one that is still alive.
    """
    global _loop, _client
    running = asyncio.get_running_loop()
    with _lock:
        if _loop is running:
            return
        if _loop is not None and not _loop.is_closed():
            raise RuntimeError("calls of this process belong to another event loop")
        _loop, _client = running, None


async def close() -> None:
    """Close the client and let go of the loop."""
    global _loop, _client
    closing, _client = _client, None
    if closing is not None:
        await closing.close()
    _loop = None


def stop_thread() -> None:
    """Close the client and end the daemon thread's loop, if there is one."""
    global _thread
    if _thread is None or _loop is None:
        return
    loop, thread, _thread = _loop, _thread, None
    asyncio.run_coroutine_threadsafe(close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def find_service(name: str) -> Service:
    """Return the service object of a project that is installed in this process."""
    return cast(Service, import_module(f"{name}.handlers").service)


def _new_client() -> Client:
    service, layer = settings.SERVICE, get_channel_layer()
    channel = Channel(cast(ChannelLayer, layer), service)
    notices = Notices(service, layer, partial(channel.new_channel, service))
    return Client(service, _transports(channel), notices)


def _transports(channel: Channel) -> dict[str, Transport]:
    local = Local(find_service)
    return {
        name: local if where == "local:" else channel
        for name, where in settings.SERVICES.items()
    }


def _tell(changed: Changed) -> None:
    try:
        client().notices.tell(changed)
    except Exception as error:  # whoever waits looks by itself
        log.info("not told", error=described(error))


async def _call_there(request: Request[R], timeout: float | None) -> R:
    """`call` without the check for a transaction, made in the caller's thread."""
    return await client().call(request, timeout=timeout)


def _post(work: Coroutine[Any, Any, T]) -> "Future[T]":
    loop = _loop if _loop is not None and not _loop.is_closed() else _start_loop()
    if _running_loop() is loop:
        work.close()
        raise RuntimeError("this is the event loop: use `await call(…)`")
    return asyncio.run_coroutine_threadsafe(work, loop)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@cache
def _finish_at_exit() -> None:
    """Register `_finish`, to run while threads and their pools still work.

    `atexit` is too late: by then no pool takes work, not even to look up a host's
    name. This is how `concurrent.futures` itself does it.
    """
    threading._register_atexit(_finish)  # type: ignore[attr-defined]


def _finish() -> None:
    """Finish what `notify_sync` began in the daemon thread, for FAREWELL seconds."""
    give_up = time.monotonic() + FAREWELL
    if _thread is None or _loop is None or not _thread.is_alive():
        return
    wait(list(_notifying), timeout=FAREWELL)
    closing = asyncio.run_coroutine_threadsafe(close(), _loop)
    wait([closing], timeout=max(0.0, give_up - time.monotonic()))


def _start_loop() -> asyncio.AbstractEventLoop:
    """Start the daemon thread's loop, for processes that have none of their own."""
    global _loop, _client, _thread
    _finish_at_exit()
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop, _client = asyncio.new_event_loop(), None
            _thread = threading.Thread(
                target=_loop.run_forever, name="calls", daemon=True
            )
            _thread.start()
        return _loop
