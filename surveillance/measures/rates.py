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
from surveillance.measures.intervals import score_bounds

FACTORS = (1.15, 1.3, 1.6, 2.0)
LEAST = 1e-4  # no fall is looked for below this rate
_TINY = 1e-7
_LARGE = 20.0  # from here on the series errs by less than 3e-10
_HALF_LOG_TWO_PI = 0.9189385332046727


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


def tolerated_rise(events: ArrayLike, n: ArrayLike, factor: ArrayLike) -> Daily:
    """Return the rate up to which a baseline of `events` in `n` is not left.

    The larger of a clinical factor and what the baseline cannot tell: with few cases the baseline
    itself is "wrong", and a detector would find that.
    """
    happened, of = np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    clinical = happened / of * np.asarray(factor)
    bound: Daily = np.minimum(0.999, np.maximum(clinical, score_bounds(happened, of)[1]))
    return bound


def tolerated_fall(events: ArrayLike, n: ArrayLike, factor: ArrayLike) -> Daily:
    """Return the rate down to which a baseline of `events` in `n` is not left; may be none (0)."""
    happened, of = np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    clinical = happened / of / np.asarray(factor)
    bound: Daily = np.minimum(clinical, score_bounds(happened, of)[0])
    return bound


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
    """Return the log chance of a day whose rate is itself drawn anew.

    Up to what is the same for every rate of the day, and cancels in a ratio.
    """
    up, down = rate * spread, (1 - rate) * spread
    chance: LogE = _growth(happened + up)
    chance -= _growth(up)
    chance += _growth(rest + down)
    chance -= _growth(down)
    return chance


def _growth(x: Daily) -> Daily:
    """Return the logarithm of the gamma function, plus `x` and less half the log of 2 pi.

    By Stirling's series where that is exact: a third of the time of the general function, for
    arguments that are mostly large.
    """
    found: Daily = np.log(x)
    found *= x - 0.5
    inverse = 1 / x
    series = inverse * inverse
    series *= -1 / 360
    series += 1 / 12
    series *= inverse
    found += series
    small = x < _LARGE
    if small.any():
        held = x[small]
        found[small] = gammaln(held) + held - _HALF_LOG_TWO_PI
    return found
