"""Models' times as they scatter, log-normally: how long several that wait together take, how often each is heard of.

Pure and exact, by summing up the distribution; nothing is drawn.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

_STANDARD = NormalDist()
_STEPS = 4_000
_FARTHEST = 8.0  # standard deviations of the logarithm: beyond is nothing that counts


@dataclass(frozen=True, slots=True)
class Durations:
    """Log-normal durations with this mean, in seconds; `sigma` is of their logarithm, 0 has them all alike."""

    mean_seconds: float
    sigma: float = 0.5

    @property
    def median_seconds(self) -> float:
        return self.mean_seconds * math.exp(-(self.sigma**2) / 2)

    def over_by(self, seconds: float) -> float:
        """Return which part of them is over after so long."""
        if seconds <= 0:
            return 0.0
        if self.sigma == 0:
            return 1.0 if seconds >= self.mean_seconds else 0.0
        return _STANDARD.cdf(math.log(seconds / self.median_seconds) / self.sigma)

    def quantile(self, part: float) -> float:
        """Return after how long this part of them is over."""
        return self.median_seconds * math.exp(self.sigma * _STANDARD.inv_cdf(part))

    def longest_of(self, count: int) -> float:
        """Return how long the longest of `count` takes, on average: what an invocation that waits for all is billed."""
        if count == 1 or self.sigma == 0:
            return self.mean_seconds
        end = self.median_seconds * math.exp(self.sigma * _FARTHEST)
        # In steps of the logarithm, which are fine where much happens: the mean is what is not over yet, summed up.
        low = self.median_seconds * math.exp(-self.sigma * _FARTHEST)
        ratio = (end / low) ** (1 / _STEPS)
        total, at = low, low
        for _ in range(_STEPS):
            total += (1 - self.over_by(at * math.sqrt(ratio)) ** count) * at * (ratio - 1)
            at *= ratio
        return total

    def beats(self, every_seconds: float) -> float:
        """Return how many heartbeats one gives, on average: the first after half an interval, then one each."""
        total, number = 0.0, 1
        while (left := 1 - self.over_by((number - 0.5) * every_seconds)) > 1e-9:
            total, number = total + left, number + 1
        return total
