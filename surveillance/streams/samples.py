"""A stream's days and what they are held against: all that a detector is given. Pure.

A family of streams says what is counted and how much of it is needed; how that is bet on, and what
the estimate's interval is, is the same for every stream of a sample's type.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Any, Protocol

import numpy as np

from surveillance.measures import batch_area, bets
from surveillance.measures.bets import Bets
from surveillance.measures.day_effects import Daily
from surveillance.measures.histogram import Counts, Slots, valued
from surveillance.measures.intervals import Z95, Interval, of_mean_rank, wilson
from surveillance.measures.offset import WIDEST
from surveillance.measures.performance import score_interval
from surveillance.measures.ranks import (
    NO_SHIFT,
    in_deviations,
    mean_rank,
    of_shift,
    ranks,
    shift_tolerance,
)
from surveillance.streams.assessment import MIN_SCORES, RECENT_DAYS
from surveillance.streams.kinds import Stream
from surveillance.streams.packing import packed


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What every sample says.

    Attributes:
        ordinals: the days that have a case, as `date.toordinal` counts them, oldest first.
        what: what the cases are, for people.
        need: so many are needed to raise an alarm.
        show: so many are needed for an estimate; None is as many as for an alarm.
        reliance: what a reader should know of the data, in a clause.
    """

    stream: Stream
    reference_id: str | None
    ordinals: Counts
    what: str
    need: int
    show: int | None = None
    reliance: str = ""


class Sample(Protocol):
    """What can be judged, alone and with others of its shape."""

    @property
    def asked(self) -> Asked: ...

    @property
    def cases(self) -> Counts:
        """How many cases each day has."""

    @property
    def normal(self) -> float:
        """What the estimate was when it was agreed to be normal."""

    @property
    def shape(self) -> Hashable:
        """What samples must agree on to be judged together."""

    def fault(self) -> str | None:
        """Say what makes the numbers impossible, if anything does."""

    def event(self) -> str | None:
        """Say what needs no evidence, if anything happened that does not."""

    def interval(self, first: int, between: float) -> Interval:
        """Return the estimate over the days from `first` on.

        `between` is the variance of a day's mean or rate beside chance: days differ by themselves.
        """

    def reliance(self, first: int) -> str:
        """Say what a reader should know of the estimate, in clauses; empty for nothing.

        Also where the reference cannot tell what clinically matters: what was so from the first day
        on is taken for its error, and stays quiet.
        """

    @staticmethod
    def bets(samples: Sequence[Any]) -> Bets:
        """Bet on the days of samples of one shape, each beginning at the same place."""


@dataclass(frozen=True)
class Ranked:
    """Numbers held against those of a reference; `counts` are (days, slots)."""

    asked: Asked
    counts: Slots
    reference: Counts
    shift: float

    @cached_property
    def cases(self) -> Counts:
        found: Counts = valued(self.counts).sum(axis=1)
        return found

    @property
    def normal(self) -> float:
        return NO_SHIFT

    @property
    def shape(self) -> Hashable:
        return (Ranked, len(self.reference))

    def fault(self) -> str | None:
        if valued(self.reference).sum() <= 0:
            return "its reference holds no number"
        return _impossible(self.counts)

    def event(self) -> str | None:
        """Say that a model gives one answer only: its mean may be as ever."""
        held = valued(self.counts[-RECENT_DAYS:]).sum(axis=0)
        n, most = int(held.sum()), int(held.argmax())
        usual = valued(self.reference)
        if n < MIN_SCORES or held[most] < n or 2 * usual[most] > usual.sum():
            return None
        return f"all {n} values of the last {min(RECENT_DAYS, len(self.counts))} days are alike"

    def _left_open(self) -> str:
        n = int(valued(self.reference).sum())
        tolerated = float(shift_tolerance(n, self.shift))
        if tolerated <= float(of_shift(self.shift)):
            return ""
        least = in_deviations(tolerated)
        return f"a reference of {n} cases cannot tell less than {least:.2f} standard deviations"

    def interval(self, first: int, between: float) -> Interval:
        held = self.counts[first:].sum(axis=0)
        shared = between * of_one_day(self.cases[first:])
        return of_mean_rank(mean_rank(held, ranks(self.reference)), int(valued(held).sum()), shared)

    def reliance(self, first: int) -> str:
        return "; ".join(filter(None, (self.asked.reliance, self._left_open())))

    @staticmethod
    def bets(samples: Sequence["Ranked"]) -> Bets:
        return bets.on_scores(
            packed([one.counts for one in samples]),
            np.stack([one.reference for one in samples]),
            np.array([one.shift for one in samples]),
        )


@dataclass(frozen=True)
class Counted:
    """How often something happens, held against how often of how many it did before.

    Attributes:
        factor: how many times as often, or as seldom, is tolerated.
        falls: whether it may become too seldom as well.
    """

    asked: Asked
    events: Counts
    n: Counts
    baseline: tuple[int, int]
    factor: float
    falls: bool = True

    @property
    def cases(self) -> Counts:
        return self.n

    @property
    def normal(self) -> float:
        return self.baseline[0] / self.baseline[1]

    @property
    def shape(self) -> Hashable:
        return (Counted, self.falls)

    def fault(self) -> str | None:
        if not 0 <= self.baseline[0] <= self.baseline[1] or self.baseline[1] == 0:
            return f"its baseline is {self.baseline[0]} of {self.baseline[1]}"
        return _impossible(self.events, self.n - self.events)

    def event(self) -> None:
        return None

    def _left_open(self) -> str:
        events, n = self.baseline
        if wilson(events, n, WIDEST).high <= self.factor * events / n:
            return ""
        return f"a baseline of {events} in {n} cannot tell a factor of {self.factor:g}"

    def interval(self, first: int, between: float) -> Interval:
        events, n = int(self.events[first:].sum()), int(self.n[first:].sum())
        rate = events / n
        chance = rate * (1 - rate)
        shared = between * of_one_day(self.n[first:])
        return score_interval(rate, n * chance / (chance + n * shared) if chance else n)

    def reliance(self, first: int) -> str:
        return "; ".join(filter(None, (self.asked.reliance, self._left_open())))

    @staticmethod
    def bets(samples: Sequence["Counted"]) -> Bets:
        return bets.on_rate(
            packed([one.events for one in samples]).astype(np.float64),
            packed([one.n for one in samples]).astype(np.float64),
            (
                np.array([one.baseline[0] for one in samples]),
                np.array([one.baseline[1] for one in samples]),
            ),
            np.array([one.factor for one in samples]),
            falls=samples[0].falls,
        )


@dataclass(frozen=True)
class Claimed:
    """Truth less claimed probability, summed over the labelled cases of each day.

    Attributes:
        truths: how many of the day's cases have the finding.
        claim: the sum of what they claimed.
        variance: the sum of claim x (1 - claim).
        baseline: the mean gap when it was agreed to be normal, and of how many cases.
    """

    asked: Asked
    n: Counts
    truths: Counts
    claim: Daily
    variance: Daily
    baseline: tuple[float, int]
    tolerance: float

    @property
    def cases(self) -> Counts:
        return self.n

    @property
    def normal(self) -> float:
        return self.baseline[0]

    @property
    def shape(self) -> Hashable:
        return Claimed

    def fault(self) -> str | None:
        if self.baseline[1] <= 0:
            return "its baseline has no case"
        if not np.isfinite(self.claim).all():
            return "a claimed probability is no number"
        return _impossible(self.truths, self.n - self.truths)

    def event(self) -> None:
        return None

    def _left_open(self) -> str:
        within = float(self.variance.sum()) / max(1, int(self.n.sum()))
        least = WIDEST * sqrt(max(0.0, within) / self.baseline[1])
        if least <= self.tolerance:
            return ""
        return f"a baseline of {self.baseline[1]} cannot tell less than {least:.3f}"

    def interval(self, first: int, between: float) -> Interval:
        n = int(self.n[first:].sum())
        gap = float(self.truths[first:].sum() - self.claim[first:].sum()) / n
        within = max(0.0, float(self.variance[first:].sum())) / n**2
        half = Z95 * sqrt(within + between * of_one_day(self.n[first:]))
        return Interval(gap, gap - half, gap + half)

    def reliance(self, first: int) -> str:
        return "; ".join(filter(None, (self.asked.reliance, self._left_open())))

    @staticmethod
    def bets(samples: Sequence["Claimed"]) -> Bets:
        n = packed([one.n for one in samples]).astype(np.float64)
        normal = np.array([one.baseline[0] for one in samples])
        gap = packed([one.truths - one.claim for one in samples])
        found = bets.on_gaps(
            n,
            gap - normal[:, None] * n,
            packed([one.variance for one in samples]),
            np.array([one.baseline[1] for one in samples]),
            np.array([one.tolerance for one in samples]),
        )
        low, high = found.low + normal, found.high + normal
        return Bets(found.log_e, found.z, gap, n, low, high, found.between)


@dataclass(frozen=True)
class Ranking:
    """Whether positives still rank above negatives; both are scores of (days, slots).

    Its cases are of the rarer kind: where only one is labelled there is no area.

    Attributes:
        baseline: the area when it was agreed to be normal.
        tolerance: how far it may fall.
    """

    asked: Asked
    positives: Counts
    negatives: Counts
    baseline: float
    tolerance: float

    @cached_property
    def cases(self) -> Counts:
        known = [np.cumsum(valued(each).sum(axis=1)) for each in (self.positives, self.negatives)]
        found: Counts = np.diff(np.minimum(*known), prepend=0)
        return found

    @property
    def normal(self) -> float:
        return self.baseline

    @property
    def shape(self) -> Hashable:
        return Ranking

    def fault(self) -> str | None:
        if not np.isfinite(self.baseline):
            return "its baseline is no number"
        return _impossible(self.positives, self.negatives)

    def event(self) -> None:
        return None

    def interval(self, first: int, between: float) -> Interval:
        is_known = all(valued(each[first:]).sum() for each in (self.positives, self.negatives))
        begins = first if is_known else 0
        above, below = (each[begins:].sum(axis=0) for each in (self.positives, self.negatives))
        estimate = float(batch_area.area(above, below))
        m, n = float(valued(above).sum()), float(valued(below).sum())
        half = Z95 * float(batch_area.error(np.asarray(estimate), np.asarray(m), np.asarray(n)))
        return Interval(estimate, max(0.0, estimate - half), min(1.0, estimate + half))

    def reliance(self, first: int) -> str:
        return self.asked.reliance

    @staticmethod
    def bets(samples: Sequence["Ranking"]) -> Bets:
        alone = [
            bets.on_area(one.positives, one.negatives, one.baseline, one.tolerance)
            for one in samples
        ]
        return Bets(
            packed([one.log_e for one in alone]),
            packed([one.z for one in alone]),
            packed([one.total for one in alone]),
            packed([one.n for one in alone]),
            np.stack([one.low for one in alone]),
            np.stack([one.high for one in alone]),
            packed([one.between for one in alone]),
        )


def of_one_day(n: Counts) -> float:
    """Return how much of the variance between days is left in a mean over several of them."""
    return float((n.astype(np.float64) ** 2).sum()) / float(n.sum()) ** 2


def not_scores(counts: Slots) -> str:
    """Say how many of the scores in (days, slots) are missing, and how many no number; or nothing.

    So that people can see that as many are counted as came.
    """
    missing, invalid = counts[:, -2:].sum(axis=0).tolist()
    held = ((missing, "missing"), (invalid, "no number"))
    said = " and ".join(f"{n} are {what}" for n, what in held if n)
    return f"of {int(counts.sum())} scores {said}" if said else ""


def _impossible(*counts: Slots) -> str | None:
    """Say on how many days more was taken back than there was, or happened than there were."""
    if all(each.min(initial=0) >= 0 for each in counts):
        return None
    days = [each.reshape(len(each), -1).min(axis=1) < 0 for each in counts]
    wrong = int(np.logical_or.reduce(days).sum())
    return f"its counts are impossible on {wrong} {'day' if wrong == 1 else 'days'}"
