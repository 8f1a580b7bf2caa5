"""Dropping requests whose callers will have given up before the answer."""

from collections import defaultdict
from typing import Any

from common.rpc.contract import Request
from common.rpc.envelope import RequestEnvelope


class LatencyEstimate:
    """A running estimate, made like TCP's of the round trip (RFC 6298, section 2).

    Mean and deviation follow what was seen lately; the mean and four deviations cover
    nearly all of it.
    """

    def __init__(self) -> None:
        self._mean = 0.0
        self._deviation = 0.0

    @property
    def usual_seconds(self) -> float:
        """Seconds in which it is nearly always done; 0 before it was ever seen."""
        return self._mean + 4 * self._deviation

    def took(self, seconds: float) -> None:
        """Take note of how long it took this time."""
        if not self._mean:
            self._mean, self._deviation = seconds, seconds / 2
            return
        self._deviation += (abs(seconds - self._mean) - self._deviation) / 4
        self._mean += (seconds - self._mean) / 8


class LoadShedding:
    """Decides which requests a worker begins, by how long each method took lately."""

    def __init__(self) -> None:
        self._latency: defaultdict[str, LatencyEstimate] = defaultdict(LatencyEstimate)

    def took(self, method: str, seconds: float) -> None:
        """Take note of how long a method took."""
        self._latency[method].took(seconds)

    def refuses(
        self, envelope: RequestEnvelope, request: Request[Any], waited: float
    ) -> str | None:
        """Return why a request that waited so long (seconds) is not worth beginning.

        A compensation is served all the same. A request that still has half of its time
        is always begun, so a service that was slow once can prove that it no longer is.
        """
        if envelope.deadline is None or request.compensation:
            return None
        left = envelope.deadline - envelope.sent_at - waited
        if left <= 0:
            return "expired"
        usual = self._latency[envelope.method].usual_seconds
        return "shed" if left < min(usual, request.timeout / 2) else None
