"""The rate that a stream may have on each day without having changed, learned from the days before.

A baseline of n cases gives the rate with an error. The days before each day narrow it down; what
they say counts only within three of the baseline's standard errors, so that a rise that the
baseline could have told is never learned away.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from surveillance.measures.day_effects import Daily

WIDEST = 3.0  # standard errors of the baseline
TOLERATED = 0.5  # standard deviations of what is still unknown, which is in the variance too
_LEAST, _MOST = 1e-4, 0.999


@dataclass(frozen=True)
class Allowance:
    """The tolerated rates of each day: a rise begins above `high`, a fall below `low`.

    `known` is the rate as learned, `variance` that of what is still unknown of it.
    """

    low: Daily
    high: Daily
    known: Daily
    variance: Daily

    def z(self, events: Daily, n: Daily, between: Daily) -> Daily:
        """Return how many standard deviations each day is from the rate as known before it."""
        within = self.known * (1 - self.known) / np.maximum(n, 1.0)
        share = np.divide(events, n, out=self.known.copy(), where=n > 0)
        found: Daily = (share - self.known) / np.sqrt(within + between + self.variance)
        return found


def learned(
    events: Daily, n: Daily, baseline_events: ArrayLike, baseline_n: ArrayLike
) -> Allowance:
    """Learn what is tolerated on each day.

    Args:
        events: how often it happened; shape (..., days).
        n: of how many cases; the same shape.
        baseline_events: how often it happened in the baseline; shape (...).
        baseline_n: cases of the baseline; shape (...).
    """
    # Half an event keeps a baseline without events, or with nothing else, from being certain.
    happened, of = (
        np.asarray(each, dtype=np.float64)[..., None] for each in (baseline_events, baseline_n)
    )
    rate = (happened + 0.5) / (of + 1.0)
    error = np.sqrt(rate * (1 - rate) / of)
    cases = of + _before(n)
    known = np.clip(
        (rate * of + _before(events)) / cases,
        rate - WIDEST * error,
        rate + WIDEST * error,
    )
    known = np.clip(known, _LEAST, _MOST)
    variance = known * (1 - known) / cases
    spread = TOLERATED * np.sqrt(variance)
    low, high = np.clip(known - spread, 0.0, None), np.clip(known + spread, None, _MOST)
    return Allowance(low, high, known, variance)


def _before(values: Daily) -> Daily:
    """Return the sum of what came before each day."""
    return np.cumsum(values, axis=-1) - values
