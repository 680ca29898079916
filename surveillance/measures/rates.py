"""E-values of a day of counted events: likelihood ratios against "the rate is tolerable".

The binomial likelihood ratio of a worse rate against the tolerated one (Wald, "Sequential tests of
statistical hypotheses", 1945) has an expectation of at most one for every rate up to the tolerated
one, so the null may be composite.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surveillance.measures.betting import LogE
from surveillance.measures.intervals import wilson

FACTORS = (1.15, 1.3, 1.6, 2.0)


def log_e_of_rise(events: ArrayLike, n: ArrayLike, tolerated: float) -> LogE:
    """Return one row a day: log likelihood ratios of rates above `tolerated`."""
    # Halfway to certainty bounds the alternative where a multiple would pass one.
    worse = np.minimum(np.asarray(FACTORS) * tolerated, (1 + tolerated) / 2)
    return _log_ratio(events, n, worse, tolerated)


def log_e_of_fall(events: ArrayLike, n: ArrayLike, tolerated: float) -> LogE:
    """Return one row a day: log likelihood ratios of rates below `tolerated`."""
    return _log_ratio(events, n, tolerated / np.asarray(FACTORS), tolerated)


def tolerated_rise(events: int, n: int, factor: float) -> float:
    """Return the rate up to which a baseline of `events` in `n` is not left.

    The larger of a clinical factor and what the baseline cannot tell: with few cases the baseline
    itself is "wrong", and a detector would find that.
    """
    return min(0.999, max(events / n * factor, wilson(events, n).high))


def tolerated_fall(events: int, n: int, factor: float) -> float:
    """Return the rate down to which a baseline of `events` in `n` is not left; may be none (0)."""
    return min(events / n / factor, wilson(events, n).low)


def _log_ratio(
    events: ArrayLike, n: ArrayLike, alternative: NDArray[np.float64], null: float
) -> LogE:
    happened = np.atleast_1d(np.asarray(events, dtype=np.float64))[:, None]
    rest = np.atleast_1d(np.asarray(n, dtype=np.float64))[:, None] - happened
    ratio: LogE = happened * np.log(alternative / null) + rest * np.log(
        (1 - alternative) / (1 - null)
    )
    return ratio
