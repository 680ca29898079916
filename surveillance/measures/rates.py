"""E-values of a day of counted events: likelihood ratios against "the rate is tolerable".

The binomial likelihood ratio of a worse rate against the tolerated one (Wald, "Sequential tests of
statistical hypotheses", 1945) has an expectation of at most one for every rate up to the tolerated
one, so the null may be composite. Where days differ by themselves the rate of a day is drawn from a
beta distribution with that variance (Skellam, JRSS B 1948;10:257-261), and the ratio is that of
beta-binomials.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from surveillance.measures.betting import LogE
from surveillance.measures.day_effects import Daily
from surveillance.measures.intervals import wilson

FACTORS = (1.15, 1.3, 1.6, 2.0)
LEAST = 1e-4  # no fall is looked for below this rate
_TINY = 1e-7


def log_e_of_rise(
    events: ArrayLike, n: ArrayLike, tolerated: ArrayLike, between: ArrayLike = 0.0
) -> LogE:
    """Return a row of bets for each day: log likelihood ratios of rates above `tolerated`.

    Args:
        events: how often it happened; shape (..., days).
        n: of how many cases; a day without cases wins nothing.
        tolerated: one rate, or one for each day.
        between: variance of the rate between days, one or one for each day.
    """
    null = np.asarray(tolerated, dtype=np.float64)[..., None]
    # Halfway to certainty bounds the alternative where a multiple would pass one.
    worse = np.minimum(np.asarray(FACTORS) * null, (1 + null) / 2)
    return _log_ratio(events, n, (worse, null), between)


def log_e_of_fall(
    events: ArrayLike, n: ArrayLike, tolerated: ArrayLike, between: ArrayLike = 0.0
) -> LogE:
    """Return a row of bets for each day: log likelihood ratios of rates below `tolerated`."""
    null = np.asarray(tolerated, dtype=np.float64)[..., None]
    return _log_ratio(events, n, (null / np.asarray(FACTORS), null), between)


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
    events: ArrayLike, n: ArrayLike, rates: tuple[Daily, Daily], between: ArrayLike
) -> LogE:
    happened = np.atleast_1d(np.asarray(events, dtype=np.float64))[..., None]
    rest = np.atleast_1d(np.asarray(n, dtype=np.float64))[..., None] - happened
    variance = np.asarray(between, dtype=np.float64)[..., None]
    alternative, null = rates
    if not variance.any():
        ratio: LogE = happened * np.log(alternative / null) + rest * np.log(
            (1 - alternative) / (1 - null)
        )
        return ratio
    spread = np.clip(null * (1 - null) / np.maximum(variance, _TINY) - 1, 1.0, 1 / _TINY)
    dispersed: LogE = _log_beta_binomial(happened, rest, alternative, spread)
    return dispersed - _log_beta_binomial(happened, rest, null, spread)


def _log_beta_binomial(happened: Daily, rest: Daily, rate: Daily, spread: Daily) -> LogE:
    """Return the log chance of a day whose rate is itself drawn anew, up to a constant."""
    up, down = rate * spread, (1 - rate) * spread
    chance: LogE = gammaln(happened + up) - gammaln(up) + gammaln(rest + down) - gammaln(down)
    return chance
