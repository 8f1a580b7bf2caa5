"""Processor time of the programs that a measurement started."""

import psutil


def processor_seconds(server: int) -> tuple[float, float, float]:
    """Return what this process, its other programs and a server have used so far."""
    here = psutil.Process()
    serving = [psutil.Process(server), *psutil.Process(server).children(recursive=True)]
    ids = {process.pid for process in serving}
    others = [one for one in here.children(recursive=True) if one.pid not in ids]
    return sum(map(_used, [here])), sum(map(_used, others)), sum(map(_used, serving))


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
