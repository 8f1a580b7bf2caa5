"""A service's periodic jobs, run by each of its workers."""

import asyncio

from common.ops.outage import OutageLog
from common.rpc.service import Periodic


async def repeat(periodic: Periodic, stopping: asyncio.Event) -> None:
    """Run a job again and again until it is time to stop, whatever it raises."""
    outage = OutageLog("job", job=periodic.job.__name__)
    while not stopping.is_set():
        try:
            await periodic.job()
        except Exception as error:  # a job comes again; the worker goes on
            outage.failed(error)
        else:
            outage.over()
        try:
            async with asyncio.timeout(periodic.seconds):
                await stopping.wait()
        except TimeoutError:
            continue
