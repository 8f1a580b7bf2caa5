"""What billing answers: a bill that is paid, or paid back."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.rpc.contract import Done, Request
from common.rpc.errors import Refused

Guest = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Cents = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


@dataclass(kw_only=True, eq=False)
class NoCredit(Refused):
    """The guest has no credit."""

    title: ClassVar[str] = "The guest has no credit"


@dataclass(kw_only=True, eq=False)
class BillPaidBack(Refused):
    """The booking's bill was paid back before."""

    title: ClassVar[str] = "The bill was paid back"


class Bill(Request[Done], frozen=True, kw_only=True):
    """Bill a guest for a booking, once. Repeating it changes nothing."""

    refuses = (NoCredit, BillPaidBack)

    booking_id: UUID
    guest: Guest
    amount: Cents


class PayBack(Request[Done], frozen=True, kw_only=True):
    """Pay a booking's bill back, whether there is one or not."""

    compensation = True

    booking_id: UUID
