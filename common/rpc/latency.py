"""How long a handler usually takes."""


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
