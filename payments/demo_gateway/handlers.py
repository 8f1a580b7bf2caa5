"""The demo gateway's faults, set through payments' own channel."""

from common.contracts.demo_gateway import SetGatewayFaults
from common.rpc.contract import Done
from payments.demo_gateway.models import Faults
from payments.handlers import service


@service.handles(SetGatewayFaults)
def set_gateway_faults(request: SetGatewayFaults) -> Done:
    """Make the demo gateway misbehave."""
    Faults.objects.update_or_create(
        pk=1,
        defaults={
            "latency_ms": request.latency_ms,
            "timeout_before": request.timeout_before,
            "timeout_after": request.timeout_after,
            "refuse_refunds": request.refuse_refunds,
            "die_after_charge": request.die_after_charge,
        },
    )
    return Done()
