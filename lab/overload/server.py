"""`python -m lab.overload.server <address> <counts> [plain]`: a worker of known speed.

With `plain` it begins everything that has not expired yet, as workers usually do.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from common.rpc.contract import Request
from common.rpc.envelope import RequestEnvelope
from common.rpc.worker import Worker
from lab import ours
from lab.overload.toil import CAPACITY, SLOTS, service


class PlainWorker(Worker):
    """Begins whatever has not expired yet."""

    def _too_late(
        self, envelope: RequestEnvelope, _request: Request[Any], received_at: float
    ) -> str | None:
        late = envelope.deadline is not None and received_at >= envelope.deadline
        return "expired" if late else None


async def main(address: str, plain: bool) -> dict[str, int]:
    """Serve until SIGTERM and return what was dropped."""
    ours.set_up()
    kind = PlainWorker if plain else Worker
    worker = kind(service, ours.layer_at(address, CAPACITY), slots=SLOTS)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run()
    return dict(worker.dropped)


if __name__ == "__main__":
    address, counts, *plain = sys.argv[1:]
    dropped = asyncio.run(main(address, bool(plain)))
    Path(counts).write_text(json.dumps(dropped))
