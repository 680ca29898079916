"""A stream's whole way: the evidence on each day, and the estimate since the likely change.

An assessment reads the last day, a chart all of them, a benchmark when it first alarmed: all three
see the same numbers. Arrays are (..., days); a day without cases changes nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveillance.measures import allowance, batch_area, betting, drift, rates
from surveillance.measures.betting import LogE
from surveillance.measures.day_effects import Daily, between_days
from surveillance.measures.detector import change_points, log_levels
from surveillance.measures.histogram import Counts, valued
from surveillance.measures.intervals import RANK_VARIANCE
from surveillance.measures.ranks import CLINICAL_SHIFT, NO_SHIFT, of_shift, ranks, shift_tolerance

PRIOR_SPREAD = 0.1  # of a rate between days, as a share of it


@dataclass(frozen=True)
class Track:
    """What is known on each day.

    Attributes:
        log_e: the logarithm of what each bet won on the day; shape (..., days, bets).
        levels: the logarithm of the detector's level.
        since: the day from which a change explains the data best.
        estimate: the mean or rate from that day on; not a number where there was no case.
        low: the least estimate that is clinically tolerated.
        high: the largest.
    """

    log_e: LogE
    levels: Daily
    since: NDArray[np.int64]
    estimate: Daily
    low: float
    high: float

    @property
    def is_beyond(self) -> NDArray[np.bool_]:
        """Whether the estimate has left what is tolerated: effect, where the level is evidence."""
        return (self.estimate < self.low) | (self.estimate > self.high)


def of_scores(counts: Counts, reference: Counts, shift: float = CLINICAL_SHIFT) -> Track:
    """Follow the mean rank of the scores among the reference's; counts are (..., days, slots)."""
    held = valued(counts)
    n = held.sum(-1).astype(np.float64)
    of = ranks(reference)
    total = held @ of
    mean = np.divide(total, n, out=np.full(n.shape, NO_SHIFT), where=n > 0)
    clinical = of_shift(shift)
    of_reference = np.sqrt(RANK_VARIANCE / valued(reference).sum(-1))
    found = drift.of_means(
        n,
        mean - NO_SHIFT,
        np.full(n.shape, RANK_VARIANCE),
        np.full(n.shape[:-1], of_reference),
        clinical**2,
    )
    # A mean of one or two cases is not normal: on such days each case is bet on by itself.
    bounded = betting.log_e(counts, of, shift_tolerance(int(valued(reference).sum()), shift))
    small = (n < drift.MIN_CASES)[..., None]
    wins = np.concatenate([found.log_e, np.where(small, bounded, 0.0)], axis=-1)
    return _track(wins, total, n, (NO_SHIFT - clinical, NO_SHIFT + clinical))


def of_rate(
    events: Daily, n: Daily, baseline: tuple[int, int], factor: float, *, falls: bool = True
) -> Track:
    """Follow how often something happens; `baseline` is how often of how many it did before."""
    happened, of = baseline
    allowed = allowance.learned(events, n, happened, of)
    between = _between(events, n, (happened + 0.5) / (of + 1))
    wins = rates.log_e_of_rise(events, n, allowed.high, between)
    if falls:
        floor = np.clip(allowed.low, rates.LEAST, None)
        wins = np.concatenate([wins, rates.log_e_of_fall(events, n, floor, between)], axis=-1)
    low = rates.tolerated_fall(happened, of, factor) if falls else 0.0
    return _track(wins, events, n, (low, rates.tolerated_rise(happened, of, factor)))


def _between(events: Daily, n: Daily, rate: float) -> Daily:
    """Return the variance of a rate between days; a tenth of the rate until it is learned."""
    share = np.divide(events, n, out=np.full(n.shape, rate), where=n > 0)
    within = np.full(n.shape, rate * (1 - rate))
    return between_days(n, share, within, (PRIOR_SPREAD * rate) ** 2)


def of_area(positives: Counts, negatives: Counts, expected: float, tolerance: float) -> Track:
    """Follow the area under the curve of labelled cases; counts are (days, slots)."""
    found = batch_area.batches(positives, negatives)
    days = len(positives)
    wins = batch_area.log_e_of_fall(found, days, expected, tolerance)
    weight = np.zeros(days)
    weight[found.last_day] = found.error**-2
    total = np.zeros(days)
    total[found.last_day] = found.area * found.error**-2
    return _track(wins, total, weight, (expected - tolerance, 1.0))


def of_claims(
    positives: Counts, negatives: Counts, claim: Daily, reference_n: int, tolerance: float
) -> Track:
    """Follow truth less claimed probability; `claim` is that of each slot with a score."""
    held = (valued(positives) + valued(negatives)).astype(np.float64)
    n = held.sum(-1)
    gap = valued(positives).sum(-1) - held @ claim
    within = np.divide(held @ (claim * (1 - claim)), n, out=np.ones(n.shape), where=n > 0)
    of_reference = np.sqrt(within.mean() / reference_n)
    found = drift.of_means(
        n,
        np.divide(gap, n, out=np.zeros(n.shape), where=n > 0),
        within,
        np.full(n.shape[:-1], of_reference),
        (tolerance / 2) ** 2,
    )
    return _track(found.log_e, gap, n, (-tolerance, tolerance))


def _track(wins: LogE, total: Daily, n: Daily, tolerated: tuple[float, float]) -> Track:
    since = change_points(wins)
    low, high = tolerated
    return Track(wins, log_levels(wins), since, _since(total, n, since), low, high)


def _since(total: Daily, n: Daily, since: NDArray[np.int64]) -> Daily:
    """Return, for each day, the total over the cases from day `since` up to it."""
    cases = np.cumsum(n, axis=-1) - np.take_along_axis(np.cumsum(n, axis=-1) - n, since, -1)
    summed = np.cumsum(total, axis=-1)
    whole = summed - np.take_along_axis(summed - total, since, -1)
    found: Daily = np.divide(whole, cases, out=np.full(cases.shape, np.nan), where=cases > 0)
    return found
