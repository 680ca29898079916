"""The daily counts of a group of rows, and the samples that the detectors are given. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from surveillance.axes import ALL
from surveillance.measures.histogram import Counts, Edges, quantile_edges
from surveillance.simulation import labelled
from surveillance.simulation.cases import Cases, Flags, count, histogram
from surveillance.simulation.labelled import TO_ALARM, TO_SHOW
from surveillance.simulation.question import Question
from surveillance.simulation.reading import Table
from surveillance.simulation.sorting import Group, Rows
from surveillance.streams.assessment import MIN_BASELINE, MIN_DECIDED, MIN_SCORES, Shortage
from surveillance.streams.judging import Item, lacking
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Asked, Counted, Ranked, not_scores

MIN_LEVEL: Final = 200
OVERRIDES: Final[Mapping[StreamKind, Callable[[Cases], Flags]]] = {
    StreamKind.OVERRIDE_RATE: lambda one: one.is_overridden,
    StreamKind.OVERRIDE_FP_RATE: lambda one: one.is_rejected,
    StreamKind.OVERRIDE_FN_RATE: lambda one: one.is_added,
}


def edges_of(table: Table, rows: Rows) -> Edges:
    """Return the frozen edges that a reference gives.

    Raises:
        ValueError: fewer than two different scores.
    """
    return quantile_edges(table.score[rows])  # type: ignore[arg-type]  # a sequence of numbers


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
            yield from self._overrides(question, now, held)
        yield from labelled.samples(question, now, held, self.edges.slots, self._of_labels)

    def _scores(
        self, question: Question, now: Cases, held: Cases, at: tuple[str, str]
    ) -> Iterator[Item]:
        days = np.unique(now.day)
        slots = self.edges.slots
        counts = histogram(days, now.day, now.slot, slots)
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
                count(days, now.day, now.is_flagged),
                count(days, now.day, answered),
                (int(held.is_flagged.sum()), before),
                question.tolerances.flag_factor,
            )

    def _overrides(self, question: Question, now: Cases, held: Cases) -> Iterator[Item]:
        days = np.unique(now.day[now.is_decided])
        before = int(held.is_decided.sum())
        for kind, which in OVERRIDES.items():
            asked = self._asked(kind, days, "decided cases", MIN_DECIDED)
            if before < MIN_BASELINE:
                short = Shortage("decided cases in the reference", before, MIN_BASELINE)
                yield lacking(asked.stream, None, short)
                continue
            yield Counted(
                asked,
                count(days, now.day, which(now)),
                count(days, now.day, now.is_decided),
                (int(which(held).sum()), before),
                question.tolerances.override_factor,
                falls=False,
            )

    def _of_labels(self, kind: StreamKind, days: Counts, what: str) -> Asked:
        return self._asked(kind, days, what, TO_ALARM, TO_SHOW)

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
