"""The worlds of RADSURV-1: what happens at one site in a year, in which something may change.

The specification is in docs/radsurv1.md. Scores are normal, of positives 1.81 higher (an area under
the curve of 0.90); a tenth of the cases is positive. What a detector may see are daily counts.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from surveillance.measures.histogram import Counts, Edges, quantile_edges

DAYS = 365
CHANGE = 180
LAG = 14
PREVALENCE = 0.1
APART = 1.81  # standard deviations between positives and negatives
APART_AFTER = 1.295  # the same where the area is 0.82
OVERRIDDEN = 0.04
SUBGROUP = 0.25
MAKERS = (0.5, 0.3, 0.2, 0.0)
THRESHOLD = 0.92  # flags 0.229 of the cases
DAY_EFFECT = 0.1
WEEKEND = -0.15
WEEK = 7
FRIDAY = 4

Numbers = NDArray[np.float64]


class Change(StrEnum):
    """What happens on day 180."""

    NOTHING = "N"
    SHIFT_SMALL = "S1 score +0.2 sd"
    SHIFT = "S2 score +0.5 sd"
    RAMP = "S3 ramp to +0.3 sd"
    PREVALENCE = "S4 prevalence 10 to 20 %"
    SUBGROUP = "S5 subgroup AUC 0.90 to 0.82"
    OVERRIDE = "S6 overrides 4 to 8 %"
    MAKER = "S7 new manufacturer 0 to 10 %"
    CALIBRATION = "S8 calibration intercept +0.5"


@dataclass(frozen=True)
class World:
    """How a stream's year comes about."""

    change: Change = Change.NOTHING
    has_day_effects: bool = False
    reference_size: int = 5000
    per_day: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Reference:
    """What was known before the year: counts on the edges, and the baselines."""

    edges: Edges
    counts: Counts
    claim: Numbers
    flagged: int
    overridden: int
    missed: int
    positives: int
    alarmed: int
    area: float
    makers: Counts
    scores: Numbers

    @property
    def n(self) -> int:
        return len(self.scores)


@dataclass(frozen=True)
class Year:
    """One stream's days; labelled counts are by the day on which the label arrived."""

    reference: Reference
    n: Numbers
    counts: Counts
    flagged: Numbers
    overridden: Numbers
    makers: Counts
    positives: Counts
    negatives: Counts
    missed: Numbers
    alarmed: Numbers
    group_positives: Counts
    group_negatives: Counts
    group_missed: Numbers
    cases: tuple[Numbers, NDArray[np.int64]] = field(repr=False)


def year(world: World, index: int) -> Year:
    """Play one stream's year."""
    rng = np.random.default_rng([world.seed, index])
    reference = _reference(rng, world.reference_size)
    volume = world.per_day or float(np.clip(rng.lognormal(np.log(60), 0.7), 8, 400))
    n = np.maximum(rng.poisson(volume, DAYS), 1)
    day = np.repeat(np.arange(DAYS), n)
    return _counted(reference, n, _cases(rng, world, day))


@dataclass(frozen=True)
class _Cases:
    day: NDArray[np.int64]
    score: Numbers
    is_positive: NDArray[np.bool_]
    is_overridden: NDArray[np.bool_]
    in_group: NDArray[np.bool_]
    maker: NDArray[np.int64]


def _cases(rng: np.random.Generator, world: World, day: NDArray[np.int64]) -> _Cases:
    size, after = len(day), day >= CHANGE
    share = np.where(after & (world.change is Change.PREVALENCE), 2 * PREVALENCE, PREVALENCE)
    is_positive = rng.random(size) < share
    in_group = rng.random(size) < SUBGROUP
    weaker = after & in_group & (world.change is Change.SUBGROUP)
    score = rng.normal(0, 1, size) + is_positive * np.where(weaker, APART_AFTER, APART)
    score += _moved(world.change, day) + _day_effects(rng, world, day)
    if world.change is Change.CALIBRATION:
        is_positive = np.where(after, rng.random(size) < _odds_up(claimed(score)), is_positive)
    rate = np.where(after & (world.change is Change.OVERRIDE), 2 * OVERRIDDEN, OVERRIDDEN)
    maker = rng.choice(len(MAKERS), size, p=MAKERS)
    is_new = after & (world.change is Change.MAKER) & (rng.random(size) < PREVALENCE)
    maker = np.where(is_new, len(MAKERS) - 1, maker)
    return _Cases(day, score, is_positive, rng.random(size) < rate, in_group, maker)


def _moved(change: Change, day: NDArray[np.int64]) -> Numbers:
    if change is Change.RAMP:
        return np.clip((day - CHANGE) / (DAYS - CHANGE), 0, 1) * 0.3
    size = {Change.SHIFT_SMALL: 0.2, Change.SHIFT: 0.5}.get(change, 0.0)
    return np.where(day >= CHANGE, size, 0.0)


def _day_effects(rng: np.random.Generator, world: World, day: NDArray[np.int64]) -> Numbers:
    if not world.has_day_effects:
        return np.zeros(len(day))
    effect: Numbers = rng.normal(0, DAY_EFFECT, DAYS)
    effect = effect + WEEKEND * (np.arange(DAYS) % WEEK > FRIDAY)
    return effect[day]


def claimed(score: Numbers) -> Numbers:
    """Return the probability that a calibrated score claims."""
    log_odds = np.log(PREVALENCE / (1 - PREVALENCE)) + APART * score - APART**2 / 2
    probability: Numbers = 1 / (1 + np.exp(-log_odds))
    return probability


def _odds_up(probability: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-(np.log(probability / (1 - probability)) + 0.5)))


def _reference(rng: np.random.Generator, size: int) -> Reference:
    is_positive = rng.random(size) < PREVALENCE
    score = rng.normal(0, 1, size) + is_positive * APART
    edges = quantile_edges(score.tolist())
    slots = _slots(edges, score)
    held = np.bincount(slots, minlength=edges.slots)
    claims = np.bincount(slots, weights=claimed(score), minlength=edges.slots)
    flagged = score >= THRESHOLD
    return Reference(
        edges=edges,
        counts=held.astype(np.int64),
        claim=(claims / np.maximum(held, 1))[:-2],
        flagged=int(flagged.sum()),
        overridden=int(rng.binomial(size, OVERRIDDEN)),
        missed=int((is_positive & ~flagged).sum()),
        positives=int(is_positive.sum()),
        alarmed=int((flagged & ~is_positive).sum()),
        area=float(norm.cdf(APART / np.sqrt(2))),
        makers=rng.multinomial(size, MAKERS),
        scores=score,
    )


def _slots(edges: Edges, score: Numbers) -> NDArray[np.int64]:
    """The slots of `Edges.slot`, for many scores at once."""
    cuts = np.asarray(edges.cuts)
    slots = np.searchsorted(cuts, score, side="right")
    return np.where(score == cuts[-1], edges.bins, slots)


def _counted(reference: Reference, n: NDArray[np.int64], cases: _Cases) -> Year:
    slots = _slots(reference.edges, cases.score)
    flagged = cases.score >= THRESHOLD
    missed, alarmed = cases.is_positive & ~flagged, flagged & ~cases.is_positive
    known = cases.day + LAG < DAYS
    of = _Tally(np.minimum(cases.day, DAYS - 1), slots, reference.edges.slots)
    late = replace(of, day=np.minimum(cases.day + LAG, DAYS - 1))
    is_group = known & cases.in_group
    return Year(
        reference=reference,
        n=n.astype(np.float64),
        counts=of.histogram(None),
        flagged=of.events(flagged),
        overridden=of.events(cases.is_overridden),
        makers=np.stack([of.events(cases.maker == m) for m in range(len(MAKERS))], -1).astype(int),
        positives=late.histogram(known & cases.is_positive),
        negatives=late.histogram(known & ~cases.is_positive),
        missed=late.events(known & missed),
        alarmed=late.events(known & alarmed),
        group_positives=late.histogram(is_group & cases.is_positive),
        group_negatives=late.histogram(is_group & ~cases.is_positive),
        group_missed=late.events(is_group & missed),
        cases=(cases.score, cases.day),
    )


@dataclass(frozen=True)
class _Tally:
    day: NDArray[np.int64]
    slot: NDArray[np.int64]
    slots: int

    def histogram(self, which: Any) -> Counts:
        day, slot = (self.day, self.slot) if which is None else (self.day[which], self.slot[which])
        flat = np.bincount(day * self.slots + slot, minlength=DAYS * self.slots)
        return flat.reshape(DAYS, self.slots).astype(np.int64)

    def events(self, which: NDArray[np.bool_]) -> Numbers:
        return np.bincount(self.day[which], minlength=DAYS).astype(np.float64)
