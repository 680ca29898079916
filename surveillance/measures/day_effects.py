"""How much days differ by themselves: case mix, rotas, weekends. What that explains is no drift.

The variance between days is estimated by moments (DerSimonian and Laird, Controlled Clinical Trials
1986;7:177-188) from a stream's first days and then held: a variance that went on learning would
learn the drift.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Daily = NDArray[np.float64]
BASELINE_DAYS = 60
MIN_DAYS = 20
# The estimate from 60 days is itself uncertain by a fifth.
INFLATION = 1.25


def between_days(n: Daily, mean: Daily, within: Daily, prior: ArrayLike) -> Daily:
    """Return the variance to expect between days, as known before each of them.

    Args:
        n: cases of each day; shape (..., days).
        mean: the day's mean; any number where the day has no case.
        within: variance of one case within a day.
        prior: the variance assumed until `BASELINE_DAYS` days had cases; shape (...).

    Returns:
        A variance for each day, shape (..., days).
    """
    has_cases = n > 0
    seen = np.cumsum(has_cases, axis=-1)
    first = np.where(has_cases & (seen <= BASELINE_DAYS), n / within, 0.0)
    learned = INFLATION * _by_moments(first, mean)
    return np.where(seen > BASELINE_DAYS, learned[..., None], np.asarray(prior)[..., None])


def _by_moments(weights: Daily, mean: Daily) -> Daily:
    """Return the moment estimator over the days that have a weight; zero where there is none."""
    total = np.maximum(weights.sum(-1), np.finfo(float).tiny)
    centre = (weights * mean).sum(-1) / total
    excess = (weights * (mean - centre[..., None]) ** 2).sum(-1) - ((weights > 0).sum(-1) - 1)
    scale = total - (weights**2).sum(-1) / total
    variance: Daily = np.maximum(excess, 0.0) / np.maximum(scale, np.finfo(float).tiny)
    return variance
