"""What is bet on each day of a stream, whatever it counts, and what the estimate is made from.

Arrays are (..., days), with any number of leading dimensions for streams that are judged together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surveillance.measures import allowance, batch_area, betting, drift, rates
from surveillance.measures.betting import LogE
from surveillance.measures.day_effects import Daily, between_days
from surveillance.measures.histogram import Counts, Slots, valued
from surveillance.measures.intervals import RANK_VARIANCE
from surveillance.measures.ranks import CLINICAL_SHIFT, NO_SHIFT, of_shift, ranks, shift_tolerance

PRIOR_SPREAD = 0.1  # of a rate between days, as a share of it
Each = NDArray[np.float64]


@dataclass(frozen=True)
class Bets:
    """The days of one stream, or of several.

    Attributes:
        log_e: the logarithm of what each bet won on the day; shape (..., days, bets).
        z: how many standard deviations the day is from what was learned to be normal.
        total: what the estimate is the mean of, summed over the day's cases.
        n: the cases of the day, or what weighs it.
        low: the least estimate that is clinically tolerated; shape (...).
        high: the largest.
        between: the variance of a day's mean or rate beside chance; shape (..., days).
    """

    log_e: LogE
    z: Daily
    total: Daily
    n: Daily
    low: Each
    high: Each
    between: Daily


def on_scores(counts: Slots, reference: Counts, shift: ArrayLike = CLINICAL_SHIFT) -> Bets:
    """Bet on the mean rank of scores among the reference's.

    Args:
        counts: shape (..., days, slots).
        reference: shape (..., slots).
        shift: standard deviations that are tolerated; shape (...).
    """
    of = ranks(reference)
    held = valued(counts).astype(np.float64)
    sums = held @ np.stack([np.ones(of.shape), of], axis=-1)
    n, total = sums[..., 0], sums[..., 1]
    mean = np.divide(total, n, out=np.full(n.shape, NO_SHIFT), where=n > 0)
    size = valued(reference).sum(-1)
    clinical = np.broadcast_to(of_shift(shift), n.shape[:-1])
    found = drift.of_means(
        n,
        mean - NO_SHIFT,
        np.full(n.shape, RANK_VARIANCE),
        np.sqrt(RANK_VARIANCE / size),
        clinical**2,
    )
    wins = np.concatenate([found.log_e, _bounded(held, n, of, shift_tolerance(size, shift))], -1)
    low, high = NO_SHIFT - clinical, NO_SHIFT + clinical
    return Bets(wins, found.z, total, n, low, high, found.between)


def on_rate(
    events: Daily,
    n: Daily,
    baseline: tuple[ArrayLike, ArrayLike],
    factor: ArrayLike,
    *,
    falls: bool = True,
) -> Bets:
    """Bet on how often something happens.

    Args:
        events: shape (..., days).
        n: the same shape.
        baseline: how often, of how many cases, it happened before; each of shape (...).
        factor: how many times as often, or as seldom, is tolerated; shape (...).
        falls: whether it may fall too.
    """
    happened, of = (np.asarray(each, dtype=np.float64) for each in baseline)
    allowed = allowance.learned(events, n, happened, of)
    between = _between(events, n, (happened + 0.5) / (of + 1))
    spread = between + allowed.variance
    wins = rates.log_e_of_rise(events, n, allowed.high, spread)
    if falls:
        floor = np.clip(allowed.low, rates.LEAST, None)
        wins = np.concatenate([wins, rates.log_e_of_fall(events, n, floor, spread)], axis=-1)
    high = rates.tolerated_rise(happened, of, factor)
    low = rates.tolerated_fall(happened, of, factor) if falls else np.zeros(high.shape)
    return Bets(wins, allowed.z(events, n, between), events, n, low, high, between)


def on_area(positives: Counts, negatives: Counts, expected: float, tolerance: float) -> Bets:
    """Bet on the area under the curve of labelled cases of one stream; counts are (days, slots)."""
    found = batch_area.batches(positives, negatives)
    days = len(positives)
    wins = batch_area.log_e_of_fall(found, days, expected, tolerance)
    weight, total = np.zeros(days), np.zeros(days)
    weight[found.last_day] = found.error**-2
    total[found.last_day] = found.area * found.error**-2
    low, high = np.asarray(expected - tolerance), np.asarray(1.0)
    none = np.zeros(days)
    return Bets(wins, none, total, weight, low, high, none)


def on_claims(
    positives: Counts, negatives: Counts, claim: Daily, reference_n: int, tolerance: float
) -> Bets:
    """Bet on truth less claimed probability; `claim` is that of each slot with a score."""
    held = (valued(positives) + valued(negatives)).astype(np.float64)
    n = held.sum(-1)
    gap = valued(positives).sum(-1) - held @ claim
    return on_gaps(n, gap, held @ (claim * (1 - claim)), reference_n, tolerance)


def on_gaps(
    n: Daily, gap: Daily, variance: Daily, reference_n: ArrayLike, tolerance: ArrayLike
) -> Bets:
    """Bet on the mean gap between truth and claim.

    Args:
        n: labelled cases of each day; shape (..., days).
        gap: cases with the finding less the sum of claimed probabilities.
        variance: the sum of the variances of the day's cases.
        reference_n: how many cases the claims were calibrated on; shape (...).
        tolerance: how large the mean gap may be; shape (...).
    """
    within = np.divide(variance, n, out=np.ones(n.shape), where=(n > 0) & (variance > 0))
    bound = np.asarray(tolerance, dtype=np.float64)
    found = drift.of_means(
        n,
        np.divide(gap, n, out=np.zeros(n.shape), where=n > 0),
        within,
        np.sqrt(within.mean(-1) / reference_n),
        (bound / 2) ** 2,
    )
    return Bets(found.log_e, found.z, gap, n, -bound, bound, found.between)


def _bounded(held: Daily, n: Daily, of: Daily, tolerance: Each) -> LogE:
    """Return bets on each case by itself on small days: a mean of one or two is not normal."""
    wins = np.zeros((*n.shape, 2 * len(betting.STAKES)))
    small = (n > 0) & (n < drift.MIN_CASES)
    if small.any():
        each = np.broadcast_to(of[..., None, :], held.shape)[small]
        bound = np.broadcast_to(tolerance[..., None], n.shape)[small]
        wins[small] = betting.log_e_of_rows(held[small], each, bound)
    return wins


def _between(events: Daily, n: Daily, rate: Each) -> Daily:
    """Return the variance of a rate between days; a tenth of the rate until it is learned."""
    before = np.broadcast_to(rate[..., None], n.shape)
    share = np.divide(events, n, out=before.copy(), where=n > 0)
    return between_days(n, share, before * (1 - before), (PRIOR_SPREAD * rate) ** 2)
