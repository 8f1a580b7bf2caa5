"""A gateway that answers Stripe's test cards as Stripe documents them.

It keeps its own books, as the real one does on its side of the network, so that
several workers see one gateway that survives their restarts. Its faults are set by
the contract `SetGatewayFaults`; giving it a card suffers none.
"""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from common import clock, sql
from common.database import in_db_thread, retried_transaction
from common.together import together
from payments.demo_gateway.cards import BY_METHOD, BY_NUMBER
from payments.demo_gateway.models import Faults, Operation
from payments.gateway import (
    Approved,
    CardNotAccepted,
    Declined,
    GatewayTimeout,
    PaymentMethod,
)

REFUND_FAILS_AFTER = timedelta(seconds=3)
"""How long a refund to card …5126 seems to have succeeded."""


class DemoGateway:
    """Idempotent by key; slow and unreliable on request."""

    keys_live_for = 24 * 3600.0

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.SystemRandom()

    async def add_card(
        self, *, number: str, exp_month: int, exp_year: int, cvc: str
    ) -> PaymentMethod:
        """Accept Stripe's published test cards."""
        card = BY_NUMBER.get(number)
        if card is None:
            raise CardNotAccepted(
                "number", "expected one of Stripe's published test card numbers"
            )
        digits = 4 if card.brand == "amex" else 3
        if len(cvc) != digits:
            raise CardNotAccepted("cvc", f"expected {digits} digits")
        return PaymentMethod(id=card.method, brand=card.brand, last4=number[-4:])

    async def charge(
        self, *, key: str, order_id: UUID, amount: int, currency: str, method: str
    ) -> Approved | Declined:
        """Approve or decline as the test card says."""
        faults = await self._arrive()
        code = BY_METHOD[method].decline_code
        asked = Operation(
            key=key,
            kind="charge",
            order_id=order_id,
            amount=amount,
            currency=currency,
            method=method,
            outcome="declined" if code else "approved",
            code=code,
            at=clock.now(),
        )
        operation = await together(_charge, asked)
        if faults.die_after_charge and await in_db_thread(_is_first_to_die):
            os.kill(os.getpid(), signal.SIGKILL)
        self._leave(faults)
        return _answer(operation)

    async def refund(
        self, *, key: str, order_id: UUID, amount: int, currency: str
    ) -> Approved | Declined:
        """Pay back what was charged, once."""
        faults = await self._arrive()
        refuse = self._rng.random() < faults.refuse_refunds
        operation = await in_db_thread(_refund, key, order_id, amount, currency, refuse)
        self._leave(faults)
        return _answer(operation)

    async def find_charge(self, *, order_id: UUID) -> Approved | Declined | None:
        """Look into the books."""
        faults = await self._arrive()
        operation = await in_db_thread(_find_charge, order_id)
        self._leave(faults)
        return _answer(operation) if operation else None

    async def refund_stands(self, *, key: str) -> bool:
        """Tell whether a refund has failed in the meantime."""
        faults = await self._arrive()
        failed = await in_db_thread(_has_failed_by_now, key)
        self._leave(faults)
        return not failed

    async def _arrive(self) -> Faults:
        faults = await together(_faults, None)
        await asyncio.sleep(faults.latency_ms / 1000)
        if self._rng.random() < faults.timeout_before:
            raise GatewayTimeout
        return faults

    def _leave(self, faults: Faults) -> None:
        if self._rng.random() < faults.timeout_after:
            raise GatewayTimeout


@retried_transaction
def _charge(charges: Sequence[Operation]) -> list[Operation]:
    """Enter charges whose keys are new into the books; return what the books say."""
    in_order = sorted(charges, key=lambda one: one.key)
    books = {one.key: one for one in sql.insert(in_order, unless="key")}
    if known := {one.key for one in charges} - books.keys():
        books |= Operation.objects.in_bulk(known)
    return [books[one.key] for one in charges]


def _faults(askers: Sequence[None]) -> list[Faults]:
    """Return the faults that are set now, once for all who ask."""
    now = Faults.objects.first() or Faults()
    return [now for _ in askers]


@retried_transaction
def _is_first_to_die() -> bool:
    """Take the fault away, so that one process dies of it."""
    ordered = Faults.objects.filter(die_after_charge=True)
    return ordered.update(die_after_charge=False) == 1


@retried_transaction
def _refund(
    key: str, order_id: UUID, amount: int, currency: str, refuse: bool
) -> Operation:
    if known := Operation.objects.filter(key=key).first():
        return known
    charge = _find_charge(order_id)
    assert charge is not None and charge.outcome == "approved"
    earlier = Operation.objects.filter(
        kind="refund", order_id=order_id, outcome="approved"
    )
    failing = BY_METHOD[charge.method].refund_fails and not earlier.exists()
    for refund in earlier:
        if not _has_failed(refund):
            return refund  # already refunded
    return Operation.objects.create(
        key=key,
        kind="refund",
        order_id=order_id,
        amount=amount,
        currency=currency,
        method=charge.method,
        outcome="declined" if refuse else "approved",
        code="refund_refused" if refuse else "",
        at=clock.now(),
        fails_at=clock.now() + REFUND_FAILS_AFTER if failing and not refuse else None,
    )


def _find_charge(order_id: UUID) -> Operation | None:
    charges = Operation.objects.filter(kind="charge", order_id=order_id)
    return charges.order_by("outcome").first()


def _has_failed_by_now(key: str) -> bool:
    """Tell; a key that another refund answered ("already refunded") has no row."""
    refund = Operation.objects.filter(key=key).first()
    return refund is not None and _has_failed(refund)


def _has_failed(refund: Operation) -> bool:
    return refund.fails_at is not None and refund.fails_at <= clock.now()


def _answer(operation: Operation) -> Approved | Declined:
    if operation.outcome == "approved":
        return Approved()
    return Declined(operation.code)
