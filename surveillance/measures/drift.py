"""E-values of a day's mean: what a bet on more than day effects and the reference's error has won.

exp(l z - l^2 / 2) has an expectation of at most one for a normal z of mean at most zero and
variance at most one. The day's variance holds what differs between days anyway (Spiegelhalter,
"Handling over-dispersion of performance indicators", Qual Saf Health Care 2005;14:347-351), and
what is not known yet of the offset: z is then that of the day's prediction from the days before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surveillance.measures.betting import LogE
from surveillance.measures.day_effects import Daily, between_days
from surveillance.measures.offset import learned

STAKES = (0.25, 0.5, 1.0, 2.0)
# Standard deviations of the offset that are tolerated beside: a reference was drawn on other days.
TOLERATED = 1.0
# Fewer cases on a day are no normal mean yet: such a day is not bet on.
MIN_CASES = 3


@dataclass(frozen=True)
class Drift:
    """What every day says.

    Attributes:
        log_e: the logarithm of each bet's win, upwards then downwards; shape (..., days, bets).
        beyond: how far the day is from what was learned to be normal; shape (..., days).
        precision: one over the variance of `beyond`; zero for a day that is not bet on.
        z: `beyond` in standard deviations, those of what is still to be learned included.
        between: the variance between days as known before each; shape (..., days).
    """

    log_e: LogE
    beyond: Daily
    precision: Daily
    z: Daily
    between: Daily


def of_means(
    n: Daily, shift: Daily, within: Daily, reference_error: Daily, prior_between: ArrayLike
) -> Drift:
    """Bet on the means of days.

    Args:
        n: cases of each day; shape (..., days).
        shift: the day's mean less the reference's; any number where there is no case.
        within: variance of one case within the day.
        reference_error: standard error of the reference's mean; shape (...).
        prior_between: variance between days until enough days are known; shape (...).
    """
    counted = n >= MIN_CASES
    shift = np.where(counted, shift, 0.0)
    cases = np.where(counted, n, 0.0)
    between = between_days(cases, shift, within, prior_between)
    variance = within / np.maximum(cases, 1.0) + between
    precision = np.where(counted, 1.0 / variance, 0.0)
    offset = learned(shift, precision, reference_error)
    beyond = np.where(counted, shift - offset.centre, 0.0)
    tolerance = TOLERATED * np.sqrt(offset.unsure)
    scale = np.sqrt(precision / (1 + precision * offset.unsure))
    wins = _wins((beyond - tolerance) * scale, (-beyond - tolerance) * scale, counted)
    return Drift(wins, beyond, precision, beyond * scale, between)


def _wins(up: Daily, down: Daily, counted: NDArray[np.bool_]) -> LogE:
    stakes = np.asarray(STAKES)
    z = np.stack([up, down], axis=-1)[..., None]
    wins = (stakes * z - stakes**2 / 2).reshape(*up.shape, 2 * len(STAKES))
    result: LogE = np.where(counted[..., None], wins, 0.0)
    return result
