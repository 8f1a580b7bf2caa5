"""`Prefer: wait=N` (RFC 7240, section 4.3): hold the answer until the order ended."""

import re
import threading
import time

from django.conf import settings
from django.db import close_old_connections

from common.contracts.orders import ENDED
from orders.models import Order

LONGEST = 30
"""Seconds; a longer wait is cut to this."""
LOOK_EVERY = 0.05

_places = threading.BoundedSemaphore(settings.MAX_WAITERS)


def preferred_wait(header: str) -> int:
    """Return the seconds that a Prefer header asks to wait, or 0."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,9})", header, re.IGNORECASE)
    return min(int(found[1]), LONGEST) if found else 0


def wait_for_end(order: Order, seconds: int) -> bool | None:
    """Wait until the order ended; False if it did not in time.

    None, at once, if MAX_WAITERS requests of this process are waiting already: each
    holds a thread.
    """
    if not _places.acquire(blocking=False):
        return None
    try:
        give_up = time.monotonic() + seconds
        while order.status not in ENDED:
            if time.monotonic() >= give_up:
                return False
            close_old_connections()  # others may use it while this one sleeps
            time.sleep(LOOK_EVERY)
            order.refresh_from_db(fields=["status"])
        return True
    finally:
        _places.release()
