"""Telling every process of orders which orders have changed, after the commit."""

from typing import Any

from common.rpc.notices import Changed
from common.rpc.process_client import announce
from common.saga.signals import status_changed
from orders.models import Order


def begin() -> None:
    """Tell of every transition from now on."""
    status_changed.connect(_tell, sender=Order)


def _tell(sender: type[Order], changed: Changed, **of_signal: Any) -> None:
    announce(changed)
