"""What the demo gateway's books forget: orders for which it keeps no money."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from common.contracts.orders import CLOCKS_DIFFER
from common.ops.purging import Keys, Purge
from payments.demo_gateway.models import Operation
from payments.late_refunds import LAST_CHECK, LONGEST_PAUSE


def _forget(keys: Keys, before: datetime) -> int:
    """Delete the operations of orders that were declined or paid back before."""
    same = Operation.objects.filter(order_id=OuterRef("order_id"))
    approved = same.filter(outcome="approved")
    charged = approved.filter(kind="charge")
    paid_back = approved.filter(kind="refund", fails_at=None)
    settled = Operation.objects.filter(
        ~Exists(same.filter(at__gte=before)),
        ~Exists(charged) | Q(Exists(paid_back)),
        key__in=keys,
    )
    gone = list(settled.values_list("key", flat=True))
    return Operation.objects.filter(key__in=gone).delete()[0]


PURGES = (
    Purge(
        "the demo gateway's books of what was declined or paid back",
        Operation,
        _forget,
        keep=timedelta(seconds=LAST_CHECK * LONGEST_PAUSE) + CLOCKS_DIFFER,
        because="payments asks as long as that whether a refund stands",
    ),
)
