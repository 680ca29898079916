"""How many cases a bar on the lower bound of an interval needs: counted, not approximated.

For each number of cases the fewest successes whose Wilson lower bound clears the bar, and the
binomial chance of that many: what Newcombe and others call the exact power of the score interval.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from surveillance.measures.intervals import Z95, wilson
from surveillance.measures.performance import score_interval

POWER = 0.8
MOST = 100_000
_ENOUGH = 2
_SHOWN = (25, 50, 100, 200, 400)


@dataclass(frozen=True)
class Width:
    """How far the interval of a rate reaches at a number of cases."""

    n: int
    low: float
    high: float


def widths(expected: float) -> tuple[Width, ...]:
    """Return the interval that an expected rate would have at round numbers of cases."""
    found = []
    for n in _SHOWN:
        interval = wilson(round(expected * n), n)
        found.append(Width(n, interval.low, interval.high))
    return tuple(found)


def fewest_successes(n: int, bar: float) -> int | None:
    """Return how many of `n` must succeed for the lower bound to reach `bar`; None if none do."""
    if wilson(n, n).low < bar:
        return None
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if wilson(middle, n).low >= bar else (middle + 1, high)
    return low


def power(n: int, expected: float, bar: float) -> float:
    """Return the chance that the lower bound clears `bar` if the true rate is `expected`."""
    needed = fewest_successes(n, bar)
    if needed is None:
        return 0.0
    if expected >= 1:
        return 1.0
    logs = (
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * math.log(expected)
        + (n - k) * math.log1p(-expected)
        for k in range(needed, n + 1)
    )
    return min(1.0, sum(math.exp(value) for value in logs))


def cases_needed(expected: float, bar: float, wanted: float = POWER) -> int | None:
    """Return about how many cases give that power, within 2 %; None where none ever do."""
    if not 0 < expected <= 1 or bar >= expected:
        return None
    n = 1
    while power(n, expected, bar) < wanted:
        if n > MOST:
            return None
        n += max(1, n // 50)
    return n


def area_needed(expected: float, bar: float, z: float = Z95) -> int | None:
    """Return how many positives, with as many negatives, an area's lower bound needs for `POWER`.

    From the variance of Hanley and McNeil, Radiology 1982;143:29-36.
    """
    if not 0 < bar < expected <= 1:
        return None
    one_more = expected / (2 - expected) - expected**2
    two_more = 2 * expected**2 / (1 + expected) - expected**2
    error = (expected - bar) / (z + NormalDist().inv_cdf(POWER))
    own = expected * (1 - expected) - one_more - two_more
    n = _ENOUGH
    while own / n**2 + (one_more + two_more) / n > error**2:
        if n > MOST:
            return None
        n += max(1, n // 50)
    return n


def more_needed(rate: float, n: int, bar: float) -> int | None:
    """Return how many further cases, at the rate seen, would lift the lower bound to `bar`."""
    if rate <= bar:
        return None
    low, high = n, n
    while score_interval(rate, high).low < bar:
        if high > MOST:
            return None
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        enough = score_interval(rate, middle).low >= bar
        low, high = (low, middle) if enough else (middle + 1, high)
    return high - n
