"""Years that might have been: what a detector would see, many times, without a person's data.

A world gives daily counts of replicates. That of a site's own history draws whole weeks of it anew
(a block bootstrap: Künsch, Ann Stat 1989;17:1217-1241), so that weekdays, busy weeks and ordinary
changes of case mix stay. A supposed one draws them from a volume. The reference of each replicate
is drawn as well: that it errs is what the engine has to bear.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from surveillance.measures.histogram import Counts
from surveillance.streams.kinds import StreamKind

DAYS: Final = 365
CHANGE: Final = 91  # thirteen weeks: the variance between days is learned by then
WEEK: Final = 7
Numbers = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Rate:
    """How often something happened of how many; (replicates, days), the baseline (replicates)."""

    events: Numbers
    n: Numbers
    baseline_events: Numbers
    baseline_n: Numbers


@dataclass(frozen=True)
class Claims:
    """Labelled cases, truth less claim and its square, each summed over the cases of a day."""

    n: Numbers
    gap: Numbers
    brier: Numbers

    def on(self, days: NDArray[np.int64]) -> "Claims":
        return Claims(*(column[days] for column in vars(self).values()))


@dataclass(frozen=True)
class Labelled:
    """Scores of the labelled; (replicates, days, slots). `expected` is the reference's area."""

    positives: Counts
    negatives: Counts
    expected: float


@dataclass(frozen=True)
class Played:
    """Some replicates of a year without a change; what the world does not have is None.

    Attributes:
        shares: of other kinds of streams.
        claims: those of the year, and of the days that are its reference.
    """

    counts: Numbers
    reference: Numbers
    flags: Rate | None = None
    overrides: Rate | None = None
    misses: Rate | None = None
    labelled: Labelled | None = None
    shares: Mapping[StreamKind, Rate | None] = field(default_factory=dict)
    claims: tuple[Claims, Claims] | None = None


class World(Protocol):
    def play(self, random: Random, replicates: int) -> Played: ...


@dataclass(frozen=True)
class History:
    """A site's own days, every calendar day one row, from its first on."""

    counts: Numbers
    flagged: Numbers
    answered: Numbers
    overridden: Numbers
    decided: Numbers
    positives: Counts
    negatives: Counts
    missed: Numbers
    area: float | None
    shares: Mapping[StreamKind, tuple[Numbers, Numbers]] = field(default_factory=dict)
    claims: Claims | None = None

    @property
    def weeks(self) -> int:
        return len(self.counts) // WEEK

    def play(self, random: Random, replicates: int) -> Played:
        """Draw whole weeks: for the year, and as many as there are for the reference."""
        year = self._days(random, replicates, math.ceil(DAYS / WEEK))[:, :DAYS]
        before = self._days(random, replicates, self.weeks)
        labelled = None
        if self.area is not None:
            labelled = Labelled(self.positives[year], self.negatives[year], self.area)
        there = self.positives[..., :-2].sum(-1).astype(np.float64)
        return Played(
            self.counts[year],
            self.counts[before].sum(axis=1),
            self._rate(self.flagged, self.answered, year, before),
            self._rate(self.overridden, self.decided, year, before),
            self._rate(self.missed, there, year, before),
            labelled,
            {kind: self._rate(*each, year, before) for kind, each in self.shares.items()},
            (self.claims.on(year), self.claims.on(before)) if self.claims else None,
        )

    def _days(self, random: Random, replicates: int, weeks: int) -> NDArray[np.int64]:
        first = WEEK * random.integers(0, self.weeks, (replicates, weeks))
        found: NDArray[np.int64] = first[..., None] + np.arange(WEEK)
        return found.reshape(replicates, -1)

    def _rate(
        self, events: Numbers, n: Numbers, year: NDArray[np.int64], before: NDArray[np.int64]
    ) -> Rate | None:
        if not n.sum():
            return None
        return Rate(events[year], n[year], events[before].sum(1), n[before].sum(1))


@dataclass(frozen=True)
class Supposed:
    """A site as one supposes it: normal scores, higher where the finding is there.

    Attributes:
        day_effect: how many standard deviations the mean of a day is from that of others.
        weekend: the share of a weekday's cases that a Saturday or Sunday has.
        area: how well scores order the labelled.
        missed: the share of positives below the threshold; `flagged` that of all above it.
        labelled: the share of the cases that get a label.
    """

    volume: float
    reference_size: int = 5000
    day_effect: float = 0.0
    weekend: float = 1.0
    flagged: float = 0.15
    overridden: float = 0.04
    prevalence: float | None = None
    area: float = 0.9
    missed: float = 0.15
    labelled: float = 1.0
    bins: int = 50

    def play(self, random: Random, replicates: int) -> Played:
        shape = (replicates, DAYS)
        moved = self.day_effect * random.standard_normal(shape)
        busy = self.volume * np.where(np.arange(DAYS) % WEEK < 5, 1.0, self.weekend)  # noqa: PLR2004 - five weekdays
        # The cases of a bin are Poisson as their sum is: no draw of a multinomial is needed.
        counts = random.poisson(busy[:, None] * self._shares(moved)).astype(np.float64)
        n = counts.sum(-1)
        reference = random.multinomial(
            self.reference_size, np.full(self.bins, 1 / self.bins), replicates
        )
        return Played(
            _in_slots(counts),
            _in_slots(reference.astype(np.float64)),
            self._rate(random, n, self.flagged),
            self._rate(random, n, self.overridden),
            *self._of_labelled(random, n),
        )

    def _shares(self, moved: Numbers) -> Numbers:
        """Return the share of each bin, where scores moved by so many standard deviations."""
        cuts = ndtri(np.linspace(0, 1, self.bins + 1))
        return np.diff(ndtr(cuts - moved[..., None]), axis=-1)

    def _rate(self, random: Random, n: Numbers, rate: float) -> Rate:
        before = random.binomial(self.reference_size, rate, len(n)).astype(np.float64)
        of = np.full(len(n), float(self.reference_size))
        return Rate(random.binomial(n.astype(int), rate).astype(np.float64), n, before, of)

    def _of_labelled(self, random: Random, n: Numbers) -> tuple[Rate | None, Labelled | None]:
        if self.prevalence is None:
            return None, None
        known = random.binomial(n.astype(int), self.labelled)
        there = random.binomial(known, self.prevalence)
        before = np.maximum(
            1, random.binomial(self.reference_size, self.prevalence, len(n))
        ).astype(np.float64)
        misses = Rate(
            random.binomial(there, self.missed).astype(np.float64),
            there.astype(np.float64),
            random.binomial(before.astype(int), self.missed).astype(np.float64),
            before,
        )
        # Ranks among the negatives: uniform for them, binormal for the positives.
        apart = math.sqrt(2) * float(ndtri(self.area))
        up = random.multinomial(there, self._shares(np.array(apart)))
        down = random.multinomial(known - there, self._shares(np.array(0.0)))
        return misses, Labelled(
            _in_slots(up).astype(np.int64), _in_slots(down).astype(np.int64), self.area
        )


def shifted(counts: Numbers, reference: Numbers, shift: float, from_day: int) -> Numbers:
    """Move the scores by so many standard deviations of the reference, from a day on.

    The scores of a bin are spread over it; what of them lands in another is counted there in parts.
    """
    if shift == 0:
        return counts
    share = reference[..., :-2].mean(axis=0) if reference.ndim > 1 else reference[..., :-2]
    moves = _moves(share / share.sum(), shift)
    moved = counts.copy()
    moved[..., from_day:, :-2] = counts[..., from_day:, :-2] @ moves
    return moved


def raised(random: Random, rate: Rate, factor: float, from_day: int) -> Rate:
    """Let something happen so many times as often, on days that differ as they did."""
    before = float(rate.baseline_events.sum() / max(1.0, rate.baseline_n.sum()))
    part = min(1.0, before * (factor - 1) / max(1e-9, 1 - before))
    events = rate.events.copy()
    rest = (rate.n - events)[..., from_day:].astype(int)
    events[..., from_day:] += random.binomial(rest, part)
    return replace(rate, events=events)


def lowered(random: Random, rate: Rate, factor: float, from_day: int) -> Rate:
    """Let something happen a share as often, on days that differ as they did."""
    events = rate.events.copy()
    events[..., from_day:] = random.binomial(events[..., from_day:].astype(int), factor)
    return replace(rate, events=events)


def worsened(random: Random, of: Labelled, fall: float, from_day: int) -> Labelled:
    """Let the area fall: the scores of positives move down until it has."""
    down = of.negatives[..., :-2].sum(axis=tuple(range(of.negatives.ndim - 1))).astype(np.float64)
    up = of.positives[..., :-2].sum(axis=tuple(range(of.positives.ndim - 1))).astype(np.float64)
    whole = (down + up) / (down + up).sum()
    moves = _moves(whole, _shift_for(up, down, whole, _area(up, down) - fall))
    positives = of.positives.copy()
    later = positives[..., from_day:, :-2]
    # Each positive lands in a bin by itself: batches are of whole cases.
    for slot in range(later.shape[-1]):
        there = of.positives[..., from_day:, slot]
        later[..., slot] -= there
        some = there > 0
        later[some] += random.multinomial(there[some], moves[slot])
    return replace(of, positives=positives)


def _moves(share: Numbers, shift: float) -> Numbers:
    """Return where the scores of each slot land: each row adds up to one."""
    ends = np.concatenate([[0.0], np.cumsum(share)]).clip(0, 1)
    # A score at quantile u comes to Phi(Phi^-1(u) + shift); so a slot takes what was below it.
    came = ndtr(ndtri(ends) - shift)
    low = np.maximum(ends[:-1, None], came[None, :-1])
    high = np.minimum(ends[1:, None], came[None, 1:])
    size = np.where(share > 0, share, 1.0)[:, None]
    found: Numbers = np.clip(high - low, 0, None) / size
    empty = found.sum(1) <= 0
    found[empty] = np.eye(len(share))[empty]
    found /= found.sum(1, keepdims=True)
    return found


def _shift_for(up: Numbers, down: Numbers, share: Numbers, area: float) -> float:
    low, high = -6.0, 0.0
    for _ in range(50):
        middle = (low + high) / 2
        is_above = _area(up @ _moves(share, middle), down) > area
        low, high = (low, middle) if is_above else (middle, high)
    return (low + high) / 2


def _area(up: Numbers, down: Numbers) -> float:
    beaten = np.cumsum(down) - down / 2
    return float(up @ beaten / max(1.0, up.sum() * down.sum()))


def _in_slots(inside: NDArray[np.generic]) -> Numbers:
    """Put bins into slots: none below or above the edges, none missing or invalid."""
    around = [(0, 0)] * (inside.ndim - 1)
    found: Numbers = np.pad(inside, [*around, (1, 3)]).astype(np.float64)
    return found
