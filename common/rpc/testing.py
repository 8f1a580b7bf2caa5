"""For tests of code that calls services: answers without a bus or another service.

    with answered_by({ListProducts: lambda request: ProductPage(…)}) as asked:
        view(request)
    assert asked == [ListProducts()]

What a worker would do with an answer is done here, too. docs/testing.md has more.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from common.rpc import process_client
from common.rpc.contract import Reply, Request
from common.rpc.service import Service
from common.rpc.transports.local import Local

Answers = Mapping[type[Request[Any]], Callable[[Any], Reply]]


@contextmanager
def answered_by(answers: Answers) -> Iterator[list[Request[Any]]]:
    """Have this process's calls answered by functions; yield the requests, in order.

    A function returns the reply, or raises: a refusal that the contract declares
    reaches the caller, anything else is Crashed. A reply that cannot be the answer to
    its request is ContractBroken, and a contract without a function is NotServed.
    Works within Django's TestCase: the functions run on the process's event loop.
    """
    asked: list[Request[Any]] = []
    services: dict[str, Service] = {}
    for contract, answer in answers.items():
        service = services.setdefault(contract.service, Service(contract.service))
        service.handlers[contract] = _noted(answer, asked)

    def find(name: str) -> Service:
        return services.setdefault(name, Service(name))

    ways = _Everywhere(Local(find))
    with (
        mock.patch.object(process_client, "_transports", lambda channel: ways),
        mock.patch.object(process_client, "_client", None),
    ):
        yield asked


def _noted(
    answer: Callable[[Any], Reply], asked: list[Request[Any]]
) -> Callable[[Any], Any]:
    async def handle(request: Request[Any]) -> Reply:
        asked.append(request)
        return answer(request)

    return handle


class _Everywhere(dict[str, Local]):
    """One way to every service."""

    def __init__(self, way: Local) -> None:
        super().__init__()
        self._way = way

    def __missing__(self, name: str) -> Local:
        return self._way
