"""What bookings answers: a booking, and where it stands."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from common.rpc.contract import Done, Reply, Request
from contracts.billing import Guest


class Book(Request[Done], frozen=True, kw_only=True):
    """Book a room. Repeating it changes nothing."""

    booking_id: UUID
    guest: Guest
    night: date


class BookingStands(Reply, frozen=True, kw_only=True):
    """Where a booking stands, and what was tried for it."""

    status: Annotated[str, msgspec.Meta(max_length=12)]
    steps: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=30)], ...],
        msgspec.Meta(max_length=1000),
    ]


class ShowBooking(Request[BookingStands], frozen=True, kw_only=True):
    """Show a booking; an unknown one has no status."""

    booking_id: UUID
