"""Two groups side by side on one measure, and what is said of the gap between them. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from surveillance.fairness.kinds import MARGINS, SIGNIFICANT, Against, Margins, Measure, Verdict
from surveillance.measures.gaps import Estimate, intervals, p_values
from surveillance.measures.intervals import Z95, Interval
from surveillance.measures.multiplicity import benjamini_yekutieli

_TINY = 1e-12


@dataclass(frozen=True)
class Side:
    """A group on one measure.

    Attributes:
        cases: what the measure is of: positives for sensitivity, the rarer kind for an area.
        small: the fewest people that the figure would tell of; what suppression looks at.
        estimate: None where there is nothing to estimate from.
    """

    cases: int
    small: int
    estimate: Estimate | None

    @property
    def value(self) -> float | None:
        return self.estimate.value if self.estimate else None


@dataclass(frozen=True)
class Contrast:
    """What is compared: a level of an axis with the other one, the rest, a claim or before.

    Attributes:
        other: the name of the second side: a level, or the empty text.
    """

    finding_key: str
    measure: Measure
    axis: str
    level: str
    against: Against
    other: str
    one: Side
    two: Side

    @property
    def margins(self) -> Margins:
        return MARGINS[self.measure]

    @property
    def shortage(self) -> int:
        """How many cases the scarcer side is short of being judged at all."""
        sides = [self.one] if self.against is Against.CLAIM else [self.one, self.two]
        return max(0, *(self.margins.least - side.cases for side in sides))

    @property
    def is_judged(self) -> bool:
        known = self.one.estimate is not None and self.two.estimate is not None
        return known and self.shortage == 0


@dataclass(frozen=True)
class Gap:
    """A contrast and its verdict.

    Attributes:
        interval: the first side less the second; None: too few cases.
        p: that of no gap at all; `adjusted` is over every gap that was judged with it.
        more: about how many more cases of the first side would tell.
    """

    contrast: Contrast
    verdict: Verdict
    interval: Interval | None = None
    p: float | None = None
    adjusted: float | None = None
    more: int | None = None

    @property
    def excluded(self) -> float | None:
        """Gaps larger than this, in either direction, do not fit the data."""
        if self.interval is None:
            return None
        return max(abs(self.interval.low), abs(self.interval.high))

    @property
    def key(self) -> tuple[str, Measure, str, str, Against]:
        of = self.contrast
        return of.finding_key, of.measure, of.axis, of.level, of.against


def judge(contrasts: Sequence[Contrast]) -> list[Gap]:
    """Return the verdict on each, with the chance findings of all of them reckoned in."""
    judged = [each for each in contrasts if each.is_judged]
    ones = [each.one.estimate for each in judged if each.one.estimate]
    others = [each.two.estimate for each in judged if each.two.estimate]
    p = p_values(ones, others)
    adjusted = benjamini_yekutieli(p)
    found = {
        id(each): _judged(each, interval, float(own), float(among))
        for each, interval, own, among in zip(
            judged, intervals(ones, others), p, adjusted, strict=True
        )
    }
    return [
        found.get(id(each)) or Gap(each, Verdict.INSUFFICIENT, more=each.shortage or None)
        for each in contrasts
    ]


def _judged(contrast: Contrast, interval: Interval, p: float, adjusted: float) -> Gap:
    margins, size = contrast.margins, abs(interval.estimate)
    gap = Gap(contrast, Verdict.NO_GAP, interval, p, adjusted)
    if size >= margins.tolerated and adjusted <= SIGNIFICANT:
        return replace(gap, verdict=Verdict.GAP)
    if size >= margins.tolerated and p <= SIGNIFICANT:
        return replace(gap, verdict=Verdict.POSSIBLE, more=_more(gap))
    if (gap.excluded or 0.0) <= margins.excluded:
        return gap
    return replace(gap, verdict=Verdict.INSUFFICIENT, more=_more(gap))


def _more(gap: Gap) -> int | None:
    """Return how many more cases tell, if the figures stay and the other side grows alike.

    Sooner or later one of the two is known: that there is a gap, or that none matters.
    """
    if gap.interval is None:
        return None
    margins, seen = gap.contrast.margins, gap.interval
    below, above, size = seen.estimate - seen.low, seen.high - seen.estimate, abs(seen.estimate)
    factors = []
    if size >= margins.tolerated:
        toward_none = below if seen.estimate > 0 else above
        factors.append(toward_none * _penalty(gap.p or 0.0, gap.adjusted or 0.0) / size)
    if size < margins.excluded:
        factors.append(max(below, above) / (margins.excluded - size))
    return max(1, math.ceil(gap.contrast.one.cases * (min(factors) ** 2 - 1)))


def _penalty(p: float, adjusted: float) -> float:
    """Return how many times wider an interval must be that holds among all of the looks."""
    level = SIGNIFICANT * min(1.0, max(p, _TINY) / max(adjusted, _TINY))
    return NormalDist().inv_cdf(1 - level / 2) / Z95
