"""What a customer is told about a card that was declined."""

MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "The card could not be processed. Try again later.",
    "unknown_card": "We do not know this card. Enter it again.",
}
"""What the customer may know. Every other code shows as a generic decline, so that a
thief is not told that the card was reported lost, stolen or suspicious (as
docs.stripe.com/declines/codes advises)."""


def shown_to_customer(code: str) -> tuple[str, str]:
    """Return the code and the message that the customer sees for a decline code."""
    if code in MESSAGES:
        return code, MESSAGES[code]
    return "generic_decline", "Your card was declined."
