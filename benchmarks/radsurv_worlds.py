"""The worlds of RADSURV-1: what happens at one site in a year, in which something may change.

The specification is in benchmarks/README.md. Scores are normal, of positives 1.81 higher (an area
under the curve of 0.90); a tenth of the cases is positive. A detector may see daily counts only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.histogram import Counts, Edges, quantile_edges

DAYS = 365
CHANGE = 180
PER_DAY = 80  # cases, where delays are measured
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
Chosen = NDArray[np.bool_]


class Change(StrEnum):
    """What happens on day 180."""

    NOTHING = "N"
    TOLERATED = "T score +0.07 sd, which is tolerated"
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


NULLS = {
    "N0": World(seed=1),
    "N1": World(has_day_effects=True, seed=2),
    "N2": World(has_day_effects=True, reference_size=1000, seed=3),
}


@dataclass(frozen=True)
class Labelled:
    """Cases whose truth is known: scores of positives and of negatives, and what was flagged.

    Of a reference the counts have no days; of a year they are by the day that the label came.
    """

    positives: Counts
    negatives: Counts
    missed: Counts
    alarmed: Counts


@dataclass(frozen=True)
class Reference:
    """What was known before the year: counts on the edges, and the baselines."""

    edges: Edges
    counts: Counts
    flagged: int
    overridden: int
    everybody: "Labelled"
    group: "Labelled"
    claim_gap: float
    makers: Counts
    scores: Numbers

    @property
    def n(self) -> int:
        return len(self.scores)


@dataclass(frozen=True)
class Year:
    """One stream's days; labelled counts are by the day on which the label arrived."""

    reference: Reference
    n: Counts
    counts: Counts
    flagged: Counts
    overridden: Counts
    makers: Counts
    everybody: Labelled
    group: Labelled
    claim: Numbers
    brier: Numbers
    cases: tuple[Numbers, NDArray[np.int64]] = field(repr=False)


@dataclass(frozen=True)
class Delay:
    """How long until a change was told: one entry for each year, infinite where it was not."""

    days: Sequence[float]
    cases: Sequence[float]
    positives: Sequence[float]

    @classmethod
    def of(cls, told: Sequence[tuple[Year, int]]) -> "Delay":
        """Add up from the change to the day that each year told it; `DAYS` is never."""
        days, cases, positives = [], [], []
        for each, day in told:
            now = slice(CHANGE, day + 1)
            held = each.group.positives[now, :-2].sum()
            days.append(day - CHANGE + 1 if day < DAYS else np.inf)
            cases.append(float(each.n[now].sum()) if day < DAYS else np.inf)
            positives.append(float(held) if day < DAYS else np.inf)
        return cls(days, cases, positives)

    def __str__(self) -> str:
        missed = float(np.mean(np.isinf(self.days)))
        if np.isinf(self.median):
            return f"{missed:.0%} never"
        high = float(np.quantile(self.days, 0.9, method="higher"))
        never = f", {missed:.0%} never" if missed else ""
        most = "never" if np.isinf(high) else f"{high:.0f}"
        return f"{self.median:.0f} ({most}) d, {self.median_cases:,.0f} cases{never}"

    @property
    def median(self) -> float:
        return float(np.median(self.days))

    @property
    def median_cases(self) -> float:
        return float(np.median(self.cases))

    @property
    def median_positives(self) -> float:
        return float(np.median(self.positives))


def years(world: World, count: int) -> Iterator[Year]:
    """Play so many years, one at a time."""
    return (year(world, index) for index in range(count))


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
    sizes = {Change.TOLERATED: 0.07, Change.SHIFT_SMALL: 0.2, Change.SHIFT: 0.5}
    size = sizes.get(change, 0.0)
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
    flagged = score >= THRESHOLD
    overridden, makers = int(rng.binomial(size, OVERRIDDEN)), rng.multinomial(size, MAKERS)
    in_group = rng.random(size) < SUBGROUP
    return Reference(
        edges=edges,
        counts=held.astype(np.int64),
        flagged=int(flagged.sum()),
        overridden=overridden,
        everybody=_known(slots, edges.slots, is_positive, flagged),
        group=_known(slots[in_group], edges.slots, is_positive[in_group], flagged[in_group]),
        claim_gap=float(is_positive.sum() - claimed(score).sum()),
        makers=makers,
        scores=score,
    )


def _known(slots: Counts, most: int, is_positive: Chosen, flagged: Chosen) -> Labelled:
    return Labelled(
        np.bincount(slots[is_positive], minlength=most),
        np.bincount(slots[~is_positive], minlength=most),
        np.asarray((is_positive & ~flagged).sum()),
        np.asarray((flagged & ~is_positive).sum()),
    )


def _slots(edges: Edges, score: Numbers) -> NDArray[np.int64]:
    """The slots of `Edges.slot`, for many scores at once."""
    cuts = np.asarray(edges.cuts)
    slots = np.searchsorted(cuts, score, side="right")
    return np.where(score == cuts[-1], edges.bins, slots)


def _counted(reference: Reference, n: NDArray[np.int64], cases: _Cases) -> Year:
    slots = _slots(reference.edges, cases.score)
    flagged = cases.score >= THRESHOLD
    known = cases.day + LAG < DAYS
    of = _Tally(np.minimum(cases.day, DAYS - 1), slots, reference.edges.slots)
    late = replace(of, day=np.minimum(cases.day + LAG, DAYS - 1))
    claim = claimed(cases.score)
    return Year(
        reference=reference,
        n=n,
        counts=of.histogram(None),
        flagged=of.events(flagged),
        overridden=of.events(cases.is_overridden),
        makers=np.stack([of.events(cases.maker == m) for m in range(len(MAKERS))], -1),
        everybody=late.labelled(known, cases.is_positive, flagged),
        group=late.labelled(known & cases.in_group, cases.is_positive, flagged),
        claim=late.sums(known, claim),
        brier=late.sums(known, (cases.is_positive - claim) ** 2),
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

    def events(self, which: Chosen) -> Counts:
        return np.bincount(self.day[which], minlength=DAYS).astype(np.int64)

    def sums(self, which: Chosen, of: Numbers) -> Numbers:
        return np.bincount(self.day[which], weights=of[which], minlength=DAYS).astype(np.float64)

    def labelled(self, which: Chosen, is_positive: Chosen, flagged: Chosen) -> Labelled:
        return Labelled(
            self.histogram(which & is_positive),
            self.histogram(which & ~is_positive),
            self.events(which & is_positive & ~flagged),
            self.events(which & flagged & ~is_positive),
        )
