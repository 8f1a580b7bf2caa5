"""A service for testing what carries services."""

import asyncio
import threading
from typing import Annotated

import msgspec

from common.contracts.orders import UnknownOrder
from common.rpc.contract import Done, Reply, Request
from common.rpc.errors import NoReply
from common.rpc.service import Service


class Echoed(Reply, frozen=True, kw_only=True):
    """What was said, and in which thread it was heard."""

    text: str
    thread: str


class Echo(Request[Echoed], frozen=True, kw_only=True):
    """Say something."""

    text: Annotated[str, msgspec.Meta(max_length=100)]


class EchoAsync(Request[Echoed], frozen=True, kw_only=True):
    """Say something to an async handler."""

    text: str


class Misbehave(Request[Done], frozen=True, kw_only=True):
    """Have the handler do something that it must not do."""

    refuses = ()
    how: str


class Compensate(Request[Done], frozen=True, kw_only=True):
    """A compensation, which is never too late."""

    compensation = True


class Hold(Request[Done], frozen=True, kw_only=True):
    """Stay in the handler until released."""

    timeout = 10.0


class Nap(Request[Done], frozen=True, kw_only=True):
    """Take a while."""

    timeout = 0.6
    seconds: float


def make() -> tuple[Service, asyncio.Event, list[str]]:
    """Return a service, the event that releases Hold, and the calls it got."""
    service = Service("echo")
    released, heard = asyncio.Event(), []

    @service.handles(Echo)
    def echo(request: Echo) -> Echoed:
        heard.append(request.text)
        return Echoed(text=request.text, thread=threading.current_thread().name)

    @service.handles(EchoAsync)
    async def echo_async(request: EchoAsync) -> Echoed:
        heard.append(request.text)
        return Echoed(text=request.text, thread=threading.current_thread().name)

    @service.handles(Misbehave)
    def misbehave(request: Misbehave) -> Done:
        match request.how:
            case "crash":
                raise ZeroDivisionError
            case "undeclared":
                raise UnknownOrder
            case "third party":
                raise NoReply("the third party did not answer")
            case _:
                return "not a reply"  # type: ignore[return-value]

    @service.handles(Compensate)
    def compensate(request: Compensate) -> Done:
        heard.append("compensate")
        return Done()

    @service.handles(Hold)
    async def hold(request: Hold) -> Done:
        heard.append("hold")
        await released.wait()
        return Done()

    @service.handles(Nap)
    async def nap(request: Nap) -> Done:
        await asyncio.sleep(request.seconds)
        heard.append("nap")
        return Done()

    return service, released, heard
