"""What rooms answers: a room that is kept for a booking."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.rpc.contract import Done, Reply, Request
from common.rpc.errors import Refused

Rate = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


@dataclass(kw_only=True, eq=False)
class NoRoom(Refused):
    """All rooms are taken that night."""

    title: ClassVar[str] = "No room is free"


@dataclass(kw_only=True, eq=False)
class RoomGivenBack(Refused):
    """The booking's room was given back before."""

    title: ClassVar[str] = "The room was given back"


class RoomKept(Reply, frozen=True, kw_only=True):
    """A room is the booking's, at this rate in cents."""

    rate: Rate


class KeepRoom(Request[RoomKept], frozen=True, kw_only=True):
    """Keep a room for a booking. Repeating it changes nothing."""

    refuses = (NoRoom, RoomGivenBack)

    booking_id: UUID
    night: date


class GiveRoomBack(Request[Done], frozen=True, kw_only=True):
    """Give a booking's room back, whether it has one or not."""

    compensation = True

    booking_id: UUID
