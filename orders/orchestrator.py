"""Who carries orders on: the orchestrator of the saga in `placing.py`."""

from common.contracts.inventory import AlreadyReleased, TooLateToAllocate
from common.contracts.payments import AlreadyRefunded, TooLateToCharge
from common.saga.orchestrator import Orchestrator
from orders import placing
from orders.models import Order

orchestrator = Orchestrator(
    saga=Order,
    steps=placing.place,
    compensations=placing.compensate,
    compensated=(AlreadyReleased, AlreadyRefunded),
    try_later=(TooLateToAllocate, TooLateToCharge),
)
