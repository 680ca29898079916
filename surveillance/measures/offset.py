"""What a stream is off its reference by without having changed: the reference's own error, learned.

A reference of n cases does not know its own mean better than its standard error. The days before
each day tell which part of that error this stream has. It is a posterior mean, never more than
three of the reference's standard errors: what the reference could have told is never learned away.
"""

from dataclasses import dataclass

import numpy as np

from surveillance.measures.day_effects import Daily

WIDEST = 3.0  # standard errors of the reference


@dataclass(frozen=True)
class Offset:
    """The offset as known before each day, and the variance of what is still unknown of it."""

    centre: Daily
    unsure: Daily


def learned(mean: Daily, precision: Daily, reference_error: Daily) -> Offset:
    """Learn the offset of each day from the days before it.

    Args:
        mean: how far each day is from the reference; shape (..., days).
        precision: one over the variance of that; zero for a day without cases.
        reference_error: the reference's standard error; shape (...).
    """
    error = np.asarray(reference_error, dtype=np.float64)[..., None]
    weight = _before(precision) + error**-2
    centre = _before(precision * mean) / weight
    return Offset(np.clip(centre, -WIDEST * error, WIDEST * error), 1 / weight)


def _before(values: Daily) -> Daily:
    """Return the sum of what came before each day."""
    return np.cumsum(values, axis=-1) - values
