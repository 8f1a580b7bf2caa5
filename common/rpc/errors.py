"""What can go wrong with a call, sorted by what the caller may conclude.

ServiceError
├── NotDone          nothing happened: safe to give up
│   ├── Refused      a declared business answer (OutOfStock, CardDeclined, …)
│   ├── Busy         the channel is full or unreachable; it was never sent
│   └── NotServed    the service does not know the request, or its version, yet
├── OutcomeUnknown   it may have happened: ask again with the same key
│   ├── NoReply      no answer in time
│   └── Crashed      the service failed while working on it
└── ContractBroken   a bug on one side; never retried
"""

import re
from typing import ClassVar

import msgspec

from common import brand


class ServiceError(Exception):
    """A call to a service that did not end in its reply."""

    queue_seconds: float | None = None
    """How long the request waited in the channel, where a service answered."""
    handler_seconds: float | None = None
    """How long the service worked on it, where a service answered."""


class NotDone(ServiceError):
    """Nothing happened, so the caller may give up."""


class Refused(NotDone):
    """A business answer that a contract declares; subclasses are dataclasses."""

    title: ClassVar[str] = "The service refused"
    """The problem's `title` (RFC 9457, 3.1.3): the same for every occurrence."""

    def detail(self) -> str:
        """Say what was wrong this time, for the person who asked."""
        return self.title

    def __str__(self) -> str:
        return self.detail()

    def as_problem(self) -> dict[str, object]:
        """Return this refusal as a problem object (RFC 9457)."""
        fields: dict[str, object] = msgspec.to_builtins(self)
        return {
            "type": problem_type(type(self).__name__),
            "title": self.title,
            "detail": self.detail(),
            **fields,
        }


class Busy(NotDone):
    """The request was never sent: the channel is full or the bus is out of reach."""


class NotServed(NotDone):
    """The other side does not know this request, or its version, yet: as if absent.

    During a rolling deploy old workers and new ones answer side by side; ask later.
    """


class OutcomeUnknown(ServiceError):
    """It may have happened. Ask again with the same key; a new key may do it twice."""


class NoReply(OutcomeUnknown):
    """No answer came in time."""


class Crashed(OutcomeUnknown):
    """The service failed while it worked on the request."""


class ContractBroken(ServiceError):
    """One side does not keep the contract. Asking again will not help."""


WIRE_ERRORS: dict[str, type[ServiceError]] = {
    error.__name__: error for error in (NotServed, NoReply, Crashed, ContractBroken)
}
"""The errors that a service may answer with, by the name they have on the wire."""


def problem_type(name: str) -> str:
    """Return the stable `type` URI of a problem: OutOfStock → …:out-of-stock."""
    return f"urn:{brand.NAME}:problem:" + re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
