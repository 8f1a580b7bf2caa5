"""What payments answers besides, where the demo gateway is installed."""

from typing import Annotated

import msgspec

from common.contracts.values import Share
from common.rpc.contract import Done, Request


class SetGatewayFaults(Request[Done], frozen=True, kw_only=True):
    """Make the demo gateway slow or unreliable; the defaults make it well again."""

    service = "payments"

    latency_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    """How long every call takes."""
    timeout_before: Share = 0.0
    """The share of calls that time out and were not carried out."""
    timeout_after: Share = 0.0
    """The share of calls that time out although they were carried out."""
    refuse_refunds: Share = 0.0
    """The share of new refunds that are refused for good."""
    die_after_charge: bool = False
    """Whether the process that makes the next charge is killed before it answers."""
