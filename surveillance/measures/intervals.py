"""Confidence intervals of rates and of their differences. For display: none of them is a test."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054
RANK_VARIANCE = 1 / 12  # of a rank that is uniform on [0, 1]


@dataclass(frozen=True)
class Interval:
    """An estimate and where its true value plausibly lies."""

    estimate: float
    low: float
    high: float


def wilson(events: int, n: int, z: float = Z95) -> Interval:
    """Return the score interval of a proportion (Wilson, JASA 1927;22:209-212).

    Raises:
        ValueError: there are no cases, or more events than cases.
    """
    if n <= 0 or not 0 <= events <= n:
        raise ValueError(f"{events} events among {n} cases are no proportion")
    rate, spread = events / n, z * z / n
    centre = rate + spread / 2
    half = z * math.sqrt(rate * (1 - rate) / n + spread / (4 * n))
    low = 0.0 if events == 0 else (centre - half) / (1 + spread)
    high = 1.0 if events == n else (centre + half) / (1 + spread)
    return Interval(rate, low, high)


def score_bounds(
    events: NDArray[np.float64], n: NDArray[np.float64], z: float = Z95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bounds of `wilson` for many proportions at once; `n` is positive."""
    rate, spread = events / n, z * z / n
    centre = rate + spread / 2
    half = z * np.sqrt(rate * (1 - rate) / n + spread / (4 * n))
    low = np.where(events == 0, 0.0, (centre - half) / (1 + spread))
    high = np.where(events == n, 1.0, (centre + half) / (1 + spread))
    return low, high


def newcombe(events: int, n: int, other_events: int, other_n: int, z: float = Z95) -> Interval:
    """Return the hybrid-score interval of the difference of two independent proportions.

    Newcombe, Statistics in Medicine 1998;17:873-890, method 10.
    """
    one, two = wilson(events, n, z), wilson(other_events, other_n, z)
    difference = one.estimate - two.estimate
    below = math.hypot(one.estimate - one.low, two.high - two.estimate)
    above = math.hypot(one.high - one.estimate, two.estimate - two.low)
    return Interval(difference, difference - below, difference + above)


def of_mean_rank(mean: float, n: int, between: float = 0.0, z: float = Z95) -> Interval:
    """Return the interval of a mean rank: under no shift a rank is uniform, of variance 1/12.

    `between` is the variance of the mean that comes from differences between days.
    """
    half = z * math.sqrt(RANK_VARIANCE / n + between)
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half))
