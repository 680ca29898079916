"""The rate that a stream may have on each day without having changed, learned from the days before.

A baseline of n cases gives the rate with an error. The days before each day narrow it down; what
they say counts only within three of the baseline's standard errors, so that a rise that the
baseline could have told is never learned away.
"""

from dataclasses import dataclass

import numpy as np

from surveillance.measures.day_effects import Daily

WIDEST = 3.0  # standard errors of the baseline
TOLERATED = 3.0  # standard deviations of what is still unknown
_LEAST, _MOST = 1e-4, 0.999


@dataclass(frozen=True)
class Allowance:
    """The tolerated rates of each day: a rise begins above `high`, a fall below `low`."""

    low: Daily
    high: Daily


def learned(events: Daily, n: Daily, baseline_events: float, baseline_n: float) -> Allowance:
    """Learn what is tolerated on each day.

    Args:
        events: how often it happened; shape (..., days).
        n: of how many cases; the same shape.
        baseline_events: how often it happened in the baseline.
        baseline_n: cases of the baseline.
    """
    # Half an event keeps a baseline without events, or with nothing else, from being certain.
    rate = (baseline_events + 0.5) / (baseline_n + 1.0)
    error = np.sqrt(rate * (1 - rate) / baseline_n)
    cases = baseline_n + _before(n)
    known = np.clip(
        (rate * baseline_n + _before(events)) / cases,
        rate - WIDEST * error,
        rate + WIDEST * error,
    )
    known = np.clip(known, _LEAST, _MOST)
    spread = TOLERATED * np.sqrt(known * (1 - known) / cases)
    return Allowance(np.clip(known - spread, 0.0, None), np.clip(known + spread, None, _MOST))


def _before(values: Daily) -> Daily:
    """Return the sum of what came before each day."""
    return np.cumsum(values, axis=-1) - values
