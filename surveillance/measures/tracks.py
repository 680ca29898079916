"""A stream's whole way: the evidence on each day, and the estimate since the likely change.

A chart reads all days, a benchmark the day of the first alarm, and an assessment the last
(`standing`): all three see the same numbers. Arrays are (..., days).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surveillance.measures import bets, cusum
from surveillance.measures.bets import Bets, Each
from surveillance.measures.betting import LogE
from surveillance.measures.day_effects import Daily
from surveillance.measures.detector import change_points, log_levels
from surveillance.measures.histogram import Counts
from surveillance.measures.ranks import CLINICAL_SHIFT


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
        rises: the classical chart's sum upwards (`measures.cusum`); `falls` is that downwards.
    """

    log_e: LogE
    levels: Daily
    since: NDArray[np.int64]
    estimate: Daily
    low: Each
    high: Each
    rises: Daily
    falls: Daily

    @property
    def is_beyond(self) -> NDArray[np.bool_]:
        """Whether the estimate has left what is tolerated: effect, where the level is evidence."""
        return (self.estimate < self.low[..., None]) | (self.estimate > self.high[..., None])


def of_scores(counts: Counts, reference: Counts, shift: ArrayLike = CLINICAL_SHIFT) -> Track:
    """Follow the mean rank of the scores among the reference's; counts are (..., days, slots)."""
    return follow(bets.on_scores(counts, reference, shift))


def of_rate(
    events: Daily,
    n: Daily,
    baseline: tuple[ArrayLike, ArrayLike],
    factor: ArrayLike,
    *,
    falls: bool = True,
) -> Track:
    """Follow how often something happens; `baseline` is how often of how many it did before."""
    return follow(bets.on_rate(events, n, baseline, factor, falls=falls))


def of_area(positives: Counts, negatives: Counts, expected: float, tolerance: float) -> Track:
    """Follow the area under the curve of labelled cases; counts are (days, slots)."""
    return follow(bets.on_area(positives, negatives, expected, tolerance))


def of_claims(
    positives: Counts, negatives: Counts, claim: Daily, reference_n: int, tolerance: float
) -> Track:
    """Follow truth less claimed probability; `claim` is that of each slot with a score."""
    return follow(bets.on_claims(positives, negatives, claim, reference_n, tolerance))


def follow(of: Bets) -> Track:
    """Add up the bets, day by day."""
    since = change_points(of.log_e)
    return Track(
        of.log_e,
        log_levels(of.log_e),
        since,
        _since(of.total, of.n, since),
        of.low,
        of.high,
        cusum.rises(of.z),
        cusum.rises(-of.z),
    )


def _since(total: Daily, n: Daily, since: NDArray[np.int64]) -> Daily:
    """Return, for each day, the total over the cases from day `since` up to it."""
    cases = np.cumsum(n, axis=-1) - np.take_along_axis(np.cumsum(n, axis=-1) - n, since, -1)
    summed = np.cumsum(total, axis=-1)
    whole = summed - np.take_along_axis(summed - total, since, -1)
    found: Daily = np.divide(whole, cases, out=np.full(cases.shape, np.nan), where=cases > 0)
    return found
