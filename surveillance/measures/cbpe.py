"""What performance would be if scores still meant what they meant on the reference. Pure.

Confidence-based performance estimation: each case counts as positive with the rate that its score
had among the labelled cases of the reference, and as negative with the rest. Nothing here looks at
a label of today, so a model that began to rank worse is not seen: that is assumed away. In a
simulation the true area fell from 0.90 to 0.82 and the estimate only from 0.902 to 0.887.

All from counts on frozen edges; slots as in `histogram`, without missing and invalid.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.histogram import Counts, valued
from surveillance.measures.intervals import Interval

Numbers = NDArray[np.float64]
REPLICATES = 400
_SEED = 20_260
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Calibrator:
    """The labelled cases of a reference by slot: how often a score there was right."""

    positives: Counts
    negatives: Counts

    @property
    def labelled(self) -> int:
        return int(self.positives.sum() + self.negatives.sum())

    @property
    def rates(self) -> Numbers:
        """Return the share of positives in each slot, rising with the score."""
        return isotonic(self.positives, self.positives + self.negatives)

    @property
    def area(self) -> float:
        """Return the area that the labels of the reference themselves give."""
        return float(_area(self.positives.astype(float), self.negatives.astype(float)))

    def redrawn(self, rng: np.random.Generator) -> Numbers:
        """Return the rates that another sample of as many labels might have given."""
        n = self.positives + self.negatives
        return isotonic(rng.binomial(n, self.rates), n)


@dataclass(frozen=True)
class Estimates:
    """Each with its 95% interval; None where there is nothing to divide by."""

    area: Interval | None
    sensitivity: Interval | None
    specificity: Interval | None
    ppv: Interval | None
    prevalence: Interval | None
    flag_rate: Interval | None


def isotonic(events: Counts, n: Counts) -> Numbers:
    """Return the rising rates closest to those seen (Ayer et al., Ann Math Stat 1955;26:641-647).

    A slot without a case takes what its neighbours lead to.
    """
    held = np.flatnonzero(n)
    blocks: list[list[float]] = []
    for slot in held:
        blocks.append([float(events[slot]), float(n[slot]), 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [one + other for one, other in zip(blocks[-1], last, strict=True)]
    rates = [block[0] / block[1] for block in blocks for _ in range(int(block[2]))]
    found: Numbers = np.interp(np.arange(len(n)), held, rates)
    return found


def flagged_slots(histograms: Counts, flagged: Counts) -> Counts:
    """Return which slots a day's flags fell into: a flag is for the highest scores of the day."""
    above = np.cumsum(histograms[..., ::-1], axis=-1)[..., ::-1] - histograms
    found: Counts = np.clip(np.asarray(flagged)[..., None] - above, 0, histograms)
    return found


def estimate(
    calibrator: Calibrator, histograms: Counts, flagged: Counts, replicates: int = REPLICATES
) -> Estimates:
    """Estimate performance over days (days x slots), with a bootstrap of days and of labels.

    Days are redrawn whole, so that an ordinary day effect widens the interval; the calibrator is
    redrawn with them, as its labels are a sample too.
    """
    held = valued(histograms)
    hit = flagged_slots(held, flagged)
    days = len(held)
    rng = np.random.default_rng(_SEED)
    weights = np.vstack(
        [np.ones(days), rng.multinomial(days, np.full(days, 1 / days), size=replicates)]
    )
    rates = np.vstack([calibrator.rates, *(calibrator.redrawn(rng) for _ in range(replicates))])
    return _from_sums(weights @ held, weights @ hit, rates)


def _from_sums(cases: Numbers, hit: Numbers, rates: Numbers) -> Estimates:
    positive, negative = cases * rates, cases * (1 - rates)
    true_positive, false_positive = (hit * rates).sum(axis=1), (hit * (1 - rates)).sum(axis=1)
    positives, negatives = positive.sum(axis=1), negative.sum(axis=1)
    total, flags = cases.sum(axis=1), hit.sum(axis=1)
    return Estimates(
        area=_interval(_area(positive, negative)),
        sensitivity=_interval(_share(true_positive, positives)),
        specificity=_interval(_share(negatives - false_positive, negatives)),
        ppv=_interval(_share(true_positive, flags)),
        prevalence=_interval(_share(positives, total)),
        flag_rate=_interval(_share(flags, total)),
    )


def _area(positive: Numbers, negative: Numbers) -> Numbers:
    below = np.cumsum(negative, axis=-1) - negative / 2
    pairs = positive.sum(axis=-1) * negative.sum(axis=-1)
    return _share((positive * below).sum(axis=-1), pairs)


def _share(part: Numbers, whole: Numbers) -> Numbers:
    nothing = np.full(np.shape(whole), np.nan)
    shares: Numbers = np.divide(part, whole, out=nothing, where=np.asarray(whole) > 0)
    return shares


def _interval(values: Numbers) -> Interval | None:
    """Return the first value with the percentiles of the rest; never an interval without it."""
    first, rest = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not np.isfinite(first) or not rest.size:
        return None
    low, high = np.percentile(rest, [_LOW, _HIGH])
    return Interval(first, min(first, float(low)), max(first, float(high)))
