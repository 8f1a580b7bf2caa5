"""`python -m lab.overload.server <address> <counts> [plain]`: a worker of known speed.

With `plain` it begins everything that has not expired yet, as workers usually do.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from common.channel_layer import RedisChannelLayer
from common.contract import Request
from common.envelope import RequestEnvelope
from common.worker import Worker
from lab.overload.toil import SLOTS, service
from lab.rpc.peers import ours_inline

CAPACITY = 1000
"""The channel holds two and a half seconds of work; callers wait for one."""


class PlainWorker(Worker):
    """Begins whatever has not expired yet."""

    def _too_late(
        self, envelope: RequestEnvelope, _request: Request[Any], received_at: float
    ) -> str | None:
        late = envelope.deadline is not None and received_at >= envelope.deadline
        return "expired" if late else None


def layer_at(address: str) -> Any:
    """Return a layer whose channels hold CAPACITY messages."""
    return RedisChannelLayer(hosts=[f"redis://{address}"], capacity=CAPACITY)


async def main(address: str, plain: bool) -> dict[str, int]:
    """Serve until SIGTERM and return what was dropped."""
    ours_inline.set_up()
    kind = PlainWorker if plain else Worker
    worker = kind(service, layer_at(address), slots=SLOTS)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run()
    return dict(worker.dropped)


if __name__ == "__main__":
    address, counts, *plain = sys.argv[1:]
    dropped = asyncio.run(main(address, bool(plain)))
    Path(counts).write_text(json.dumps(dropped))
