"""What a contract between two services is made of."""

from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

import msgspec

from common.errors import Refused


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that a contract promises."""


class Done(Reply, frozen=True, kw_only=True):
    """It is done, now or earlier; there is nothing more to say."""


R = TypeVar("R", bound=Reply, covariant=True)


class Request(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A request to one service, named in the imperative: `Request[TheReply]`.

    The service that answers is the module's name: the contracts in
    `common/contracts/inventory.py` belong to inventory.
    """

    refuses: ClassVar[tuple[type[Refused], ...]] = ()
    """The refusals a handler may raise; any other one is a broken contract."""
    version: ClassVar[int] = 1
    """Raised when the meaning changes; a worker answers only the version it knows."""
    timeout: ClassVar[float] = 2.0
    """Seconds a caller waits unless it says otherwise."""
    undo: ClassVar[bool] = False
    """An undo is never too late: a worker serves it even past its deadline."""

    reply: ClassVar[type[Reply]]
    service: ClassVar[str]

    def __init_subclass__(cls, **struct_options: Any) -> None:
        """Register the contract and note its owner and its reply."""
        super().__init_subclass__(**struct_options)
        cls.service = cls.__module__.rpartition(".")[2]
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Request:
                (cls.reply,) = get_args(base)
        CONTRACTS[cls.service, cls.__name__] = cls


CONTRACTS: dict[tuple[str, str], type[Request[Any]]] = {}
"""Every contract that was imported, by service and method name."""
