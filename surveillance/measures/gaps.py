"""The gap between two groups: its interval, and how sure it is that there is one at all.

Each group brings an estimate on its own scale: a rate with Wilson's interval, an area with one on
the logit, a mean with a normal one. Where an error is known from few patients, Student's quantiles
take the place of normal ones. The interval of their difference comes from theirs (Newcombe,
Statistics in Medicine 1998;17:873-890, method 10; for any two estimates: Zou and Donner, Statistics
in Medicine 2008;27:1693-1702). The p-value is that of the interval: the level at which it just
reaches no gap, so that the two never disagree.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.intervals import Z95, Interval

Values = NDArray[np.float64]
_EDGE = 1e-3  # an area of 1 has no logit
_FARTHEST = 12.0  # standard errors: a p-value of 1e-33
_FARTHEST_LOGIT = 100.0
_STEPS = 48


class Scale(IntEnum):
    """On what an estimate's error is: decides how far its interval reaches at a level."""

    SHARE = 0
    AREA = 1
    MEAN = 2


@dataclass(frozen=True)
class Estimate:
    """A group's value.

    Attributes:
        spread: of a share one over the number of independent cases, of an area the standard error
            of its logit, of a mean its standard error. Zero: known exactly.
        freedom: degrees of freedom of the spread itself; infinite where it is no estimate.
    """

    value: float
    scale: Scale
    spread: float
    freedom: float = math.inf

    @classmethod
    def of_share(cls, rate: float, n: float) -> "Estimate":
        return cls(rate, Scale.SHARE, 1 / n)

    @classmethod
    def of_area(cls, interval: Interval) -> "Estimate":
        """Take an area with its 95 % interval, whatever method drew that."""
        value = _logit(interval.estimate)
        # The end that is not cut off at 0 or 1 tells the error.
        near = interval.low if interval.estimate > 1 / 2 else interval.high
        return cls(interval.estimate, Scale.AREA, abs(value - _logit(near)) / Z95)

    @classmethod
    def of_mean(cls, value: float, error: float) -> "Estimate":
        return cls(value, Scale.MEAN, error)

    @property
    def interval(self) -> Interval:
        low, high = _Side.of([self]).bounds(np.array([Z95]))
        return Interval(self.value, float(low[0]), float(high[0]))


def intervals(
    ones: Sequence[Estimate], others: Sequence[Estimate], z: float = Z95
) -> list[Interval]:
    """Return the interval of each first estimate less its second."""
    one, other = _paired(ones, others)
    levels = np.full(len(ones), z)
    below, above = _reach(one, other, levels), _reach(other, one, levels)
    gap = one.value - other.value
    return [
        Interval(float(g), float(g - b), float(g + a))
        for g, b, a in zip(gap, below, above, strict=True)
    ]


def p_values(ones: Sequence[Estimate], others: Sequence[Estimate]) -> Values:
    """Return the two-sided p-value of each gap, against none."""
    one, other = _paired(ones, others)
    gap = one.value - other.value
    low, high = np.zeros(len(ones)), np.full(len(ones), _FARTHEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        reach = np.where(gap > 0, _reach(one, other, middle), _reach(other, one, middle))
        excludes_none = np.abs(gap) > reach
        low, high = np.where(excludes_none, middle, low), np.where(excludes_none, high, middle)
    return np.array([math.erfc(z / math.sqrt(2)) for z in low])


def student(z: Values, freedom: Values) -> Values:
    """Return Student's quantiles at the levels of normal ones.

    Wallace, Annals of Mathematical Statistics 1959;30:1121-1130: within 1 % from ten degrees of
    freedom on, and at four too large by an eighth at p = 1e-5. In closed form, as p-values ask for
    it fifty times each.
    """
    known = np.maximum(np.where(np.isfinite(freedom), freedom, 1.0), 1.0)
    inner = z * (8 * known + 3) / (8 * known + 1)
    found: Values = np.where(
        np.isfinite(freedom), np.sqrt(known * np.expm1(inner * inner / known)), z
    )
    return found


@dataclass(frozen=True)
class _Side:
    value: Values
    scale: NDArray[np.int64]
    spread: Values
    freedom: Values

    @classmethod
    def of(cls, estimates: Sequence[Estimate]) -> "_Side":
        return cls(
            np.array([one.value for one in estimates], dtype=np.float64),
            np.array([one.scale for one in estimates], dtype=np.int64),
            np.array([one.spread for one in estimates], dtype=np.float64),
            np.array([one.freedom for one in estimates], dtype=np.float64),
        )

    @property
    def variance(self) -> Values:
        """How far each is known, as its interval's width has it."""
        low, high = replace(self, freedom=np.full(len(self.value), np.inf)).bounds(
            np.full(len(self.value), Z95)
        )
        width: Values = (high - low) ** 2
        return width

    def bounds(self, z: Values) -> tuple[Values, Values]:
        t = student(z, self.freedom)
        share = _wilson(self.value, self.spread, t)
        area = _on_logit(self.value, self.spread, t)
        half = t * self.spread
        mean = (self.value - half, self.value + half)
        at = [self.scale == Scale.SHARE, self.scale == Scale.AREA]
        low = np.select(at, [share[0], area[0]], mean[0])
        high = np.select(at, [share[1], area[1]], mean[1])
        return np.minimum(low, self.value), np.maximum(high, self.value)


def _paired(ones: Sequence[Estimate], others: Sequence[Estimate]) -> tuple[_Side, _Side]:
    """Return both sides with the freedom of their difference (Welch, Biometrika 1947;34:28-35)."""
    one, other = _Side.of(ones), _Side.of(others)
    variances = np.stack([one.variance, other.variance])
    unsure = (variances**2 / np.stack([one.freedom, other.freedom])).sum(0)
    total = variances.sum(0)
    freedom = np.divide(total**2, unsure, out=np.full(len(total), np.inf), where=unsure > 0)
    return replace(one, freedom=freedom), replace(other, freedom=freedom)


def _reach(one: _Side, other: _Side, z: Values) -> Values:
    """Return how far below its estimate the interval of the difference goes."""
    reach: Values = np.hypot(one.value - one.bounds(z)[0], other.bounds(z)[1] - other.value)
    return reach


def _wilson(rate: Values, spread: Values, z: Values) -> tuple[Values, Values]:
    inside = np.clip(rate, 0, 1)
    s = z * z * spread
    half = np.sqrt(s * inside * (1 - inside) + s * s / 4)
    return (inside + s / 2 - half) / (1 + s), (inside + s / 2 + half) / (1 + s)


def _on_logit(area: Values, spread: Values, z: Values) -> tuple[Values, Values]:
    inside = np.clip(area, _EDGE, 1 - _EDGE)
    centre, half = np.log(inside / (1 - inside)), np.minimum(z * spread, _FARTHEST_LOGIT)
    return 1 / (1 + np.exp(half - centre)), 1 / (1 + np.exp(-half - centre))


def _logit(value: float) -> float:
    inside = min(max(value, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))
