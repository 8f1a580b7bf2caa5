"""A service: its name, the handlers of its contracts and its periodic jobs."""

import functools
import inspect
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from common.database import in_db_thread
from common.rpc.contract import R, Request, plain
from common.rpc.errors import (
    WIRE_ERRORS,
    ContractBroken,
    Crashed,
    NotServed,
    Refused,
    ServiceError,
)

Handler = Callable[..., Any]
F = TypeVar("F", bound=Handler)
Job = Callable[[], Awaitable[None]]
_is_async = functools.cache(inspect.iscoroutinefunction)


@dataclass(frozen=True)
class Periodic:
    """A job that every worker of the service runs, pausing `seconds` in between."""

    job: Job
    seconds: float


class Service:
    """What answers the contracts of one name, in this process or behind a channel."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.channel = f"{name}.request"
        self.handlers: dict[type[Request[Any]], Handler] = {}
        self.jobs: list[Periodic] = []

    def handles(self, contract: type[Request[Any]]) -> Callable[[F], F]:
        """Register the handler of a contract, plain or `async def`.

        Raises TypeError if the contract is another service's, has a handler already,
        or if the handler is not annotated with the contract's reply.
        """

        def register(handler: F) -> F:
            if contract.service != self.name:
                raise TypeError(f"{contract.__name__} belongs to {contract.service}")
            if contract in self.handlers:
                raise TypeError(f"{contract.__name__} has two handlers")
            if typing.get_type_hints(handler).get("return") is not contract.reply:
                raise TypeError(
                    f"{handler.__name__} must return {contract.reply.__name__}"
                )
            self.handlers[contract] = handler
            return handler

        return register

    def every(self, seconds: float) -> Callable[[Job], Job]:
        """Register an async job that each worker runs again and again."""

        def register(job: Job) -> Job:
            self.jobs.append(Periodic(job, seconds))
            return job

        return register

    async def perform(self, request: Request[R]) -> R:
        """Have the request handled and return its reply.

        Raises only what a caller can conclude from: a declared refusal, or one of the
        errors that travel on the wire. What the request cannot be answered with is
        ContractBroken. `async def` handlers run on the loop, plain ones in the pool of
        `common.database`.
        """
        handler = self.handlers.get(type(request))
        if handler is None:
            raise NotServed(f"{type(request).__name__} has no handler here")
        try:
            if _is_async(handler):
                reply = await handler(request)
            else:
                reply = await in_db_thread(handler, request)
        except Refused as refusal:
            if type(refusal) not in request.refuses:
                name = type(refusal).__name__
                raise ContractBroken(f"undeclared refusal {name}") from refusal
            plain(refusal)
            request.check(refusal)
            raise
        except ServiceError as error:
            if type(error).__name__ in WIRE_ERRORS:
                raise
            raise Crashed(type(error).__name__) from error
        except Exception as error:
            raise Crashed(type(error).__name__) from error
        if type(reply) is not request.reply:
            raise ContractBroken(f"the reply is a {type(reply).__name__}")
        plain(reply)
        request.check(reply)
        return typing.cast(R, reply)
