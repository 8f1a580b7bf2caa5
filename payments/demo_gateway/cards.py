"""Stripe's published test cards, which are all that the demo gateway accepts.

Source: docs.stripe.com/testing. The numbers belong to nobody. The names in the third
column are Stripe's names for the same cards as payment methods.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class TestCard:
    """A published number, and what the gateway will say to it."""

    number: str
    brand: str
    method: str
    decline_code: str = ""
    refund_fails: bool = False


CARDS = (
    TestCard("4242424242424242", "visa", "pm_card_visa"),
    TestCard("4000056655665556", "visa", "pm_card_visa_debit"),
    TestCard("5555555555554444", "mastercard", "pm_card_mastercard"),
    TestCard("378282246310005", "amex", "pm_card_amex"),
    TestCard(
        "4000000000000002",
        "visa",
        "pm_card_visa_chargeDeclined",
        decline_code="generic_decline",
    ),
    TestCard(
        "4000000000009995",
        "visa",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        decline_code="insufficient_funds",
    ),
    TestCard(
        "4000000000009987",
        "visa",
        "pm_card_visa_chargeDeclinedLostCard",
        decline_code="lost_card",
    ),
    TestCard(
        "4000000000009979",
        "visa",
        "pm_card_visa_chargeDeclinedStolenCard",
        decline_code="stolen_card",
    ),
    TestCard(
        "4000000000000069",
        "visa",
        "pm_card_chargeDeclinedExpiredCard",
        decline_code="expired_card",
    ),
    TestCard(
        "4000000000000127",
        "visa",
        "pm_card_chargeDeclinedIncorrectCvc",
        decline_code="incorrect_cvc",
    ),
    TestCard(
        "4000000000000119",
        "visa",
        "pm_card_chargeDeclinedProcessingError",
        decline_code="processing_error",
    ),
    TestCard(
        "4100000000000019",
        "visa",
        "pm_card_radarBlock",
        decline_code="fraudulent",
    ),
    TestCard("4000000000005126", "visa", "pm_card_refundFail", refund_fails=True),
)
BY_NUMBER = {card.number: card for card in CARDS}
BY_METHOD = {card.method: card for card in CARDS}
