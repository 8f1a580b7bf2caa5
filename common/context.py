"""What travels with every call of one piece of work, without being passed along."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec


class Headers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The envelope's headers (talk: correlation ids, feature flags in the headers)."""

    correlation_id: str = ""
    traceparent: str = ""
    """W3C Trace Context, passed on untouched."""
    tracestate: str = ""
    flags: tuple[str, ...] = ()
    """Feature flags, decided once where the work began."""
    caller: str = ""
    """Who asks. It informs; it never authorises."""
    attempt: int = 1


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
