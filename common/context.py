"""What travels with every call of one piece of work, without being passed along."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated

import msgspec

PRINTABLE = r"^[ -~]*\Z"
"""These texts stand on every line of the log."""
Flag = Annotated[str, msgspec.Meta(max_length=100, pattern=PRINTABLE)]


class Headers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The envelope's headers (talk: correlation ids, feature flags in the headers)."""

    correlation_id: Annotated[
        str, msgspec.Meta(max_length=64, pattern=r"^[A-Za-z0-9_.:\-]*\Z")
    ] = ""
    traceparent: Annotated[str, msgspec.Meta(max_length=128, pattern=PRINTABLE)] = ""
    """W3C Trace Context, passed on untouched; made of anything else, it is left out."""
    tracestate: Annotated[str, msgspec.Meta(max_length=512, pattern=PRINTABLE)] = ""
    flags: Annotated[tuple[Flag, ...], msgspec.Meta(max_length=100)] = ()
    """Feature flags, decided once where the work began."""
    caller: Annotated[
        str, msgspec.Meta(max_length=40, pattern=r"^[A-Za-z0-9_.\-]*\Z")
    ] = ""
    """Who asks. It informs; it never authorises."""
    attempt: Annotated[int, msgspec.Meta(ge=1, le=2**32)] = 1

    def __post_init__(self) -> None:
        """Leave out a trace context that a client made up, as W3C wants it."""
        for name in ("traceparent", "tracestate"):
            if not re.match(PRINTABLE, getattr(self, name)):
                msgspec.structs.force_setattr(self, name, "")


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
