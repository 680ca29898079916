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
