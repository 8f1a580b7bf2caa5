"""What payments answers: charges and refunds of cards it keeps as tokens."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from common.contracts.money import Money
from common.contracts.values import PRINTABLE, Moment
from common.rpc.contract import Done, Reply, Request, expect
from common.rpc.errors import Refused


@dataclass(kw_only=True, eq=False)
class CardDeclined(Refused):
    """The card's bank said no, or the card token is unknown; nothing was charged."""

    title: ClassVar[str] = "The card was declined"
    code: Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[!-~]*\Z")]
    """A decline code as Stripe publishes them, or `unknown_card`."""
    message: Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)]

    def detail(self) -> str:
        """Say what the customer may know."""
        return self.message


@dataclass(kw_only=True, eq=False)
class AlreadyRefunded(Refused):
    """The order's charge was refunded or voided before, and stays so."""

    title: ClassVar[str] = "The charge was refunded"


@dataclass(kw_only=True, eq=False)
class TooLateToCharge(Refused):
    """The order's deadline had passed when the work would have begun."""

    title: ClassVar[str] = "Too late to charge"


class CardCharged(Reply, frozen=True, kw_only=True):
    """The card was charged with this amount, now or earlier."""

    charged: Money


class ChargeCard(Request[CardCharged], frozen=True, kw_only=True):
    """Charge an order's total to a card. Repeating it charges nothing more."""

    refuses = (CardDeclined, AlreadyRefunded, TooLateToCharge)
    timeout = 3.0

    order_id: UUID
    total: Money
    card_token: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    deadline: Moment

    def check(self, answer: Reply | Refused) -> None:
        """The total, and nothing else, was charged."""
        if isinstance(answer, CardCharged):
            charged = answer.charged
            expect(charged == self.total, f"charged {charged}, not {self.total}")


class RefundCharge(Request[Done], frozen=True, kw_only=True):
    """Pay back what the order was charged, and refuse it charges ever after."""

    timeout = 3.0
    compensation = True

    order_id: UUID
