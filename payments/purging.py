"""What payments forgets: charges that moved no money, tombstones, and cards.

Neither `declined` nor `voided` is ever left (docs/protocol.md). If an order comes back,
a refund leaves a new tombstone, and a charge is too late.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef

from common.contracts.orders import LEAST_KEPT
from common.ops.purging import Keys, Purge
from payments.models import Card, Charge, ChargeState

MOVED_NOTHING = (ChargeState.DECLINED, ChargeState.VOIDED)


def _forget_charges(keys: Keys, before: datetime) -> int:
    old = Charge.objects.filter(
        order_id__in=keys, state__in=MOVED_NOTHING, opened_at__lt=before
    )
    return old.delete()[0]


def _forget_cards(keys: Keys, before: datetime) -> int:
    """Delete cards; a charge has the gateway's name for its own."""
    lately = Charge.objects.filter(card_token=OuterRef("token"), opened_at__gte=before)
    old = Card.objects.filter(~Exists(lately), token__in=keys, created_at__lt=before)
    return old.delete()[0]


PURGES = (
    Purge(
        "charges that moved no money, and tombstones",
        Charge,
        _forget_charges,
        keep=LEAST_KEPT,
        because="until its order's deadline a late request must find them",
    ),
    Purge(
        "cards that were not charged since",
        Card,
        _forget_cards,
        keep=LEAST_KEPT,
        because="an order that was just placed will be charged to one",
    ),
)
