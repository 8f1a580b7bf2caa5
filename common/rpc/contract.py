"""What a contract between two services is made of."""

import re
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any, ClassVar, Generic, TypeVar, cast, get_args, get_origin
from uuid import UUID

import msgspec

from common.rpc.errors import ContractBroken, Refused

YEARS = range(2000, 3000)
"""Of a time in a message: minutes and hours can be added without an overflow."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a request or a reply; making one that cannot be is ContractBroken."""

    def __post_init__(self) -> None:
        """Check what msgspec's own limits do not: see `check_fields`."""
        if not all(map(_plainly_fit, msgspec.structs.astuple(self))):
            fields = {name: getattr(self, name) for name in self.__struct_fields__}
            check_fields(type(self).__name__, fields)


class Reply(Value, frozen=True, kw_only=True):
    """The answer that a contract promises."""


class Done(Reply, frozen=True, kw_only=True):
    """It is done, now or earlier; there is nothing more to say."""


R = TypeVar("R", bound=Reply, covariant=True)
T = TypeVar("T")


class Request(Value, Generic[R], frozen=True, kw_only=True):
    """A request to one service, named in the imperative: `Request[TheReply]`.

    The service that answers is the module's name: the contracts in
    `common/contracts/shop.py` belong to the service `shop`. A contract elsewhere says
    `service = "shop"`.
    """

    refuses: ClassVar[tuple[type[Refused], ...]] = ()
    """The refusals a handler may raise; any other one is a broken contract."""
    version: ClassVar[int] = 1
    """Raised when the meaning changes; a worker answers only the version it knows."""
    timeout: ClassVar[float] = 2.0
    """Seconds a caller waits unless it says otherwise."""
    compensation: ClassVar[bool] = False
    """A compensation is never too late: a worker serves it past its deadline, too."""

    reply: ClassVar[type[Reply]]
    service: ClassVar[str]

    def __init_subclass__(cls, **struct_options: Any) -> None:
        """Register the contract and note its owner and its reply."""
        super().__init_subclass__(**struct_options)
        cls.service = vars(cls).get("service", cls.__module__.rpartition(".")[2])
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Request:
                (cls.reply,) = get_args(base)
        CONTRACTS[cls.service, cls.__name__] = cls

    def check(self, answer: Reply | Refused) -> None:
        """Raise ContractBroken if this cannot be the answer to this very request.

        Both sides ask: the service before it answers, the caller before it believes.
        """


CONTRACTS: dict[tuple[str, str], type[Request[Any]]] = {}
"""Every contract that was imported, by service and method name."""


def expect(holds: bool, what: str) -> None:
    """Raise ContractBroken saying `what` is wrong, unless it holds."""
    if not holds:
        raise ContractBroken(what)


def read(found: Any, kind: type[T]) -> T:
    """Return plain values as a struct or a refusal of a kind.

    Raises ContractBroken, which names the field and never shows the value: it may be
    a card's token.
    """
    try:
        value = msgspec.convert(found, kind)
        if isinstance(value, Refused):
            check_fields(kind.__name__, vars(value))
    except ContractBroken:
        raise
    except Exception as error:  # what a foreign value may raise is in no list
        raise ContractBroken(f"{kind.__name__}: {_without_values(error)}") from None
    return value


def plain(value: Any) -> dict[str, Any]:
    """Return the fields of a request, reply or refusal as its receiver will get them.

    Raises ContractBroken if the receiver could not read them: constructors check less.
    """
    try:
        fields: dict[str, Any] = msgspec.to_builtins(value)
    except Exception as error:  # a field of a type that no contract has
        raise ContractBroken(f"{type(value).__name__}: {error}"[:200]) from error
    read(fields, type(value))
    return fields


def check_fields(owner: str, fields: Mapping[str, Any]) -> None:
    """Raise ContractBroken for a number, a time or a text that nobody can work with.

    A number that is not finite; a time without a zone, or in a year outside of YEARS;
    a text with half a character or with NUL, which PostgreSQL does not store.
    """
    for name, value in fields.items():
        for one in value if isinstance(value, tuple) else (value,):
            if why := _unfit(one):
                raise ContractBroken(f"{owner}: {why} - at `$.{name}`")


def _plainly_fit(value: object) -> bool:
    """Tell, quickly, of most values that they need no closer look."""
    kind = type(value)
    if kind is str:
        text = cast(str, value)
        return text.isascii() and "\0" not in text
    return kind is int or kind is UUID or value is None or isinstance(value, Value)


def _unfit(value: object) -> str | None:
    if isinstance(value, str):
        if "\0" in value:
            return "Expected no NUL"
        return None if value.isascii() or _is_unicode(value) else "Expected Unicode"
    if isinstance(value, float):
        return None if isfinite(value) else "Expected a finite number"
    if isinstance(value, datetime):
        zoned = value.utcoffset() is not None
        return None if zoned and value.year in YEARS else "Expected a time of our era"
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_values(error: Exception) -> str:
    if not isinstance(error, msgspec.ValidationError):
        return type(error).__name__
    return re.sub(r"'.*'", "'…'", str(error), flags=re.DOTALL)[:200]
