"""E-values of a day of scores: what a fair bet against "no shift beyond the tolerance" has won.

Betting on the mean of a bounded variable: Waudby-Smith and Ramdas, "Estimating means of bounded
random variables by betting", JRSSB 2024. The expected win is at most one while the mean rank stays
within the tolerance, whatever the distribution of the scores.
"""

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.histogram import Counts, valued
from surveillance.measures.ranks import NO_SHIFT, Ranks

STAKES = (0.1, 0.2, 0.4, 0.8)
LogE = NDArray[np.float64]


def log_e(days: Counts, of: Ranks, tolerance: float) -> LogE:
    """Return one row a day: the logarithm of the win of each stake, upwards then downwards."""
    stakes = np.asarray(STAKES)[:, None]
    up = np.log1p(stakes * (of - NO_SHIFT - tolerance))
    down = np.log1p(-stakes * (of - NO_SHIFT + tolerance))
    wins: LogE = valued(np.atleast_2d(days)) @ np.concatenate([up, down]).T
    return wins


def log_e_of_rows(
    rows: NDArray[np.float64], of: NDArray[np.float64], tolerance: NDArray[np.float64]
) -> LogE:
    """Return the same for rows of which each has its own ranks and tolerance.

    Args:
        rows: cases in each slot with a score; shape (rows, slots).
        of: the ranks of each row's slots; the same shape.
        tolerance: shape (rows,).
    """
    bound = tolerance[:, None]
    arms = [sign * stake * (of - NO_SHIFT - sign * bound) for sign in (1, -1) for stake in STAKES]
    wins: LogE = np.stack([(rows * np.log1p(arm)).sum(-1) for arm in arms], axis=-1)
    return wins
