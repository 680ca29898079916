"""The daily counts of a group of rows, and the samples that the detectors are given. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.decisions.models import Decision
from surveillance.axes import ALL
from surveillance.measures import batch_area
from surveillance.measures.histogram import Counts, Edges, quantile_edges, valued
from surveillance.records.bulk import GIVEN, MISSING, Numbers
from surveillance.simulation import parsing
from surveillance.simulation.areas import Ordered
from surveillance.simulation.question import Question
from surveillance.simulation.reading import DECISIONS, Table
from surveillance.simulation.sorting import Group, Rows
from surveillance.streams.assessment import MIN_BASELINE, MIN_DECIDED, MIN_SCORES, Shortage
from surveillance.streams.judging import Item, lacking
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Asked, Counted, Ranked, not_scores

MIN_SHOWN_POSITIVES: Final = 30
MIN_POSITIVES: Final = 150
MIN_LEVEL: Final = 200
_OVERRIDES: Final = tuple(
    DECISIONS.index(one.value) for one in (Decision.OVERRIDE_FP, Decision.OVERRIDE_FN)
)
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Cases:
    """Some cases as columns: what a row of the table says, flags included."""

    day: Counts
    label_day: Counts
    slot: Counts
    flagged: parsing.Answers
    label: parsing.Answers
    decision: parsing.Answers

    def take(self, which: Any) -> "Cases":
        return Cases(*(column[which] for column in vars(self).values()))

    @property
    def is_flagged(self) -> Flags:
        found: Flags = self.flagged == 1
        return found

    @property
    def is_answered(self) -> Flags:
        return self.flagged >= 0

    @property
    def is_decided(self) -> Flags:
        return self.decision >= 0

    @property
    def is_overridden(self) -> Flags:
        found: Flags = np.isin(self.decision, _OVERRIDES)
        return found


def edges_of(table: Table, rows: Rows) -> Edges:
    """Return the frozen edges that a reference gives.

    Raises:
        ValueError: fewer than two different scores.
    """
    return quantile_edges(table.score[rows])  # type: ignore[arg-type]  # a sequence of numbers


def cases(table: Table, rows: Rows, edges: Edges, threshold: float | None) -> Cases:
    score = table.score[rows]
    state = np.where(table.score_missing[rows], MISSING, GIVEN).astype(np.int8)
    numbers = Numbers(score, state)
    flagged, is_number = table.flagged[rows], np.isfinite(score)
    if not table.has("flagged") and threshold is not None:
        flagged = np.where(is_number, score >= threshold, parsing.UNKNOWN).astype(np.int8)
    day, label_day = table.day[rows].astype(np.int64), table.label_day[rows].astype(np.int64)
    return Cases(
        day=day,
        label_day=np.maximum(day, label_day),
        slot=numbers.slots(edges).astype(np.int64),
        flagged=flagged,
        # The truth of what has no score tells neither of the area nor of what was missed.
        label=np.where(is_number, table.label[rows], parsing.UNKNOWN).astype(np.int8),
        decision=table.decision[rows],
    )


@dataclass(frozen=True)
class Watched:
    """A group with its cases, and what they are held against."""

    group: Group
    edges: Edges
    reference: Cases
    now: Cases

    def samples(self, table: Table, question: Question) -> Iterator[Item]:
        """Yield the samples of everybody, and of each group that is large enough to have any."""
        yield from self._everybody(question)
        for axis, column in table.axes.items():
            codes, before = (column.codes[rows] for rows in (self.group.watched, self._rows))
            for code, level in enumerate(column.values):
                now = self.now.take(codes == code)
                held = self.reference.take(before == code)
                if len(now.day) >= MIN_LEVEL and len(held.day) >= MIN_LEVEL:
                    yield from self._scores(question, now, held, (axis, level))

    @property
    def _rows(self) -> Rows:
        # A reference of its own has no levels: the whole of it stands for each.
        return self.group.reference

    def _everybody(self, question: Question) -> Iterator[Item]:
        now, held = self.now, self.reference
        yield from self._scores(question, now, held, (ALL, ALL))
        if now.is_decided.any() or held.is_decided.any():
            yield self._overrides(question, now, held)
        yield from self._labelled(question, now, held)

    def _scores(
        self, question: Question, now: Cases, held: Cases, at: tuple[str, str]
    ) -> Iterator[Item]:
        days = np.unique(now.day)
        slots = self.edges.slots
        counts = _histogram(days, now.day, now.slot, slots)
        asked = self._asked(StreamKind.SCORE, days, "scores", MIN_SCORES, at=at)
        yield Ranked(
            replace(asked, reliance=not_scores(counts)),
            counts,
            np.bincount(held.slot, minlength=slots),
            question.tolerances.shift,
        )
        answered, before = now.is_answered, int(held.is_answered.sum())
        if answered.any() and before:
            yield Counted(
                self._asked(StreamKind.FLAG_RATE, days, "cases", MIN_SCORES, at=at),
                _count(days, now.day, now.is_flagged),
                _count(days, now.day, answered),
                (int(held.is_flagged.sum()), before),
                question.tolerances.flag_factor,
            )

    def _overrides(self, question: Question, now: Cases, held: Cases) -> Item:
        days = np.unique(now.day[now.is_decided])
        before = int(held.is_decided.sum())
        asked = self._asked(StreamKind.OVERRIDE_RATE, days, "decided cases", MIN_DECIDED)
        if before < MIN_BASELINE:
            short = Shortage("decided cases in the reference", before, MIN_BASELINE)
            return lacking(asked.stream, None, short)
        return Counted(
            asked,
            _count(days, now.day, now.is_overridden),
            _count(days, now.day, now.is_decided),
            (int(held.is_overridden.sum()), before),
            question.tolerances.override_factor,
            falls=False,
        )

    def _labelled(self, question: Question, now: Cases, held: Cases) -> Iterator[Item]:
        told, known = now.take(now.label >= 0), held.take(held.label >= 0)
        if not len(told.day) or not len(known.day):
            return
        is_so, was_so = told.label == 1, known.label == 1
        if (known.flagged >= 0).any() and was_so.any():
            missed = was_so & (known.flagged == 0)
            days = np.unique(told.label_day[is_so])
            yield Counted(
                self._asked(
                    StreamKind.MISS_RATE, days, "positive cases", MIN_POSITIVES, MIN_SHOWN_POSITIVES
                ),
                _count(days, told.label_day, is_so & (told.flagged == 0)),
                _count(days, told.label_day, is_so),
                (int(missed.sum()), int(was_so.sum())),
                question.tolerances.miss_factor,
                falls=False,
            )
        slots = self.edges.slots
        up, down = (np.bincount(known.slot[of], minlength=slots) for of in (was_so, ~was_so))
        if valued(up).sum() and valued(down).sum():
            days = np.unique(told.label_day)
            yield Ordered(
                self._asked(
                    StreamKind.AREA, days, "positive cases", MIN_POSITIVES, MIN_SHOWN_POSITIVES
                ),
                _histogram(days, told.label_day[is_so], told.slot[is_so], slots),
                _histogram(days, told.label_day[~is_so], told.slot[~is_so], slots),
                float(batch_area.area(up, down)),
                question.tolerances.area,
            )

    def _asked(
        self,
        kind: StreamKind,
        days: Counts,
        what: str,
        need: int,
        show: int | None = None,
        at: tuple[str, str] = (ALL, ALL),
    ) -> Asked:
        group = self.group
        stream = Stream(group.version, group.site, group.finding, kind, *at)
        return Asked(
            stream=stream, reference_id=None, ordinals=days, what=what, need=need, show=show
        )


def _histogram(days: Counts, day: Counts, slot: Counts, slots: int) -> Counts:
    place = np.searchsorted(days, day)
    flat = np.bincount(place * slots + slot, minlength=len(days) * slots)
    return flat.reshape(len(days), slots).astype(np.int64)


def _count(days: Counts, day: Counts, which: Flags) -> Counts:
    held = np.isin(day[which], days)
    place = np.searchsorted(days, day[which][held])
    return np.bincount(place, minlength=len(days)).astype(np.int64)
