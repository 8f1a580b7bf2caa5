"""What orders forgets of orders that ended long ago; the orders themselves stay."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from common.contracts.orders import CLOCKS_DIFFER, ENDED
from common.ops.purging import Keys, Purge
from orders.idempotency import KEYS_LIVE
from orders.models import Order, Status, StatusTransition, Step


def _forget(keys: Keys, before: datetime) -> int:
    """Delete the steps of these, their idempotency keys, and which card it was.

    An order that a person should look at keeps everything.
    """
    later = StatusTransition.objects.filter(order_id=OuterRef("id"), at__gte=before)
    ended = Order.objects.filter(
        ~Exists(later),
        id__in=keys,
        status__in=[Status(status) for status in ENDED],
        needs_attention=False,
    )
    ids = list(ended.values_list("id", flat=True))
    steps, _ = Step.objects.filter(order_id__in=ids).delete()
    with_key = Order.objects.filter(id__in=ids).exclude(key=None)
    return steps + with_key.update(key=None, fingerprint="", card_token="")


PURGES = (
    Purge(
        "steps and idempotency keys of ended orders",
        Order,
        _forget,
        keep=max(KEYS_LIVE, timedelta(seconds=settings.CANCEL_WINDOW)) + CLOCKS_DIFFER,
        because="a client repeats a request, or cancels an order",
    ),
)
