"""Log-normal durations of model calls: how long a group that waits together takes, and how many heartbeats each sends.

Pure and exact: sums the distribution, and draws nothing at random.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

_STANDARD = NormalDist()
_STEPS = 4_000
_FARTHEST = 8.0  # standard deviations of the logarithm; the rest is negligible


@dataclass(frozen=True, slots=True)
class Durations:
    """Log-normal durations with this mean, in seconds; `sigma` is of their logarithm, 0 has them all alike."""

    mean_seconds: float
    sigma: float = 0.5

    @property
    def median_seconds(self) -> float:
        return self.mean_seconds * math.exp(-(self.sigma**2) / 2)

    def over_by(self, seconds: float) -> float:
        """Return the share that has ended after this long."""
        if seconds <= 0:
            return 0.0
        if self.sigma == 0:
            return 1.0 if seconds >= self.mean_seconds else 0.0
        return _STANDARD.cdf(math.log(seconds / self.median_seconds) / self.sigma)

    def quantile(self, part: float) -> float:
        """Return after how long this share has ended."""
        return self.median_seconds * math.exp(self.sigma * _STANDARD.inv_cdf(part))

    def longest_of(self, count: int) -> float:
        """Return the average duration of the longest of `count`. An invocation that waits for all is billed for
        that."""
        if count == 1 or self.sigma == 0:
            return self.mean_seconds
        end = self.median_seconds * math.exp(self.sigma * _FARTHEST)
        # In steps of the logarithm, which are fine where the density is high. The mean is the sum of the share still
        # running.
        low = self.median_seconds * math.exp(-self.sigma * _FARTHEST)
        ratio = (end / low) ** (1 / _STEPS)
        total, at = low, low
        for _ in range(_STEPS):
            total += (1 - self.over_by(at * math.sqrt(ratio)) ** count) * at * (ratio - 1)
            at *= ratio
        return total

    def beats(self, every_seconds: float) -> float:
        """Return the average number of heartbeats: the first after half an interval, then one each interval."""
        total, number = 0.0, 1
        while (left := 1 - self.over_by((number - 0.5) * every_seconds)) > 1e-9:
            total, number = total + left, number + 1
        return total
