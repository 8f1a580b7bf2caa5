"""What travels with every call of one piece of work, without being passed along."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated

import msgspec

Flag = Annotated[str, msgspec.Meta(max_length=100)]


class Headers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The envelope's headers (talk: correlation ids, feature flags in the headers)."""

    correlation_id: Annotated[
        str, msgspec.Meta(max_length=64, pattern=r"^[A-Za-z0-9_.:\-]*\Z")
    ] = ""
    traceparent: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """W3C Trace Context, passed on untouched."""
    tracestate: Annotated[str, msgspec.Meta(max_length=512)] = ""
    flags: Annotated[tuple[Flag, ...], msgspec.Meta(max_length=100)] = ()
    """Feature flags, decided once where the work began."""
    caller: Annotated[
        str, msgspec.Meta(max_length=40, pattern=r"^[A-Za-z0-9_.\-]*\Z")
    ] = ""
    """Who asks. It informs; it never authorises."""
    attempt: Annotated[int, msgspec.Meta(ge=1, le=2**32)] = 1


_current: ContextVar[Headers] = ContextVar("headers", default=Headers())  # noqa: B039 frozen


def current_headers() -> Headers:
    """Return the headers of the work that is going on here."""
    return _current.get()


@contextmanager
def headers(headers: Headers) -> Iterator[None]:
    """Let the calls and logs inside the block carry these headers."""
    token = _current.set(headers)
    try:
        yield
    finally:
        _current.reset(token)
