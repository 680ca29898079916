"""Fold a table of predictions at once: the same changes as one by one, by columns. Pure.

For what was recorded long ago, or elsewhere: rebuilding, backfilling, trying out. A table may be
one piece of a larger one: what its pieces add up to does not depend on how it was cut.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.axes import ALL
from surveillance.measures.histogram import Counts, Edges
from surveillance.records.folding import (
    COUNTERS,
    HEARD,
    MILLION,
    SHOWN,
    TRUTH_COUNTERS,
    Cell,
    Change,
    Counted,
    Frozen,
    FrozenOf,
    TruthCell,
)
from surveillance.records.models import FEATURE, WHOLE_RUN, Basis

Index = NDArray[np.intp]
Values = NDArray[np.float64]
Answers = NDArray[np.int8]
T = TypeVar("T")

# What a number or an answer is, where it is none.
GIVEN: Final = 0
MISSING: Final = 1
ABSENT: Final = 2  # nothing is counted, not even that it is missing
UNANSWERED: Final = -1


class _Places(dict[Any, int]):
    """Gives each new value the next place, at the speed of a look-up."""

    def __missing__(self, value: object) -> int:
        return self.setdefault(value, len(self))


@dataclass(frozen=True)
class Coded(Generic[T]):
    """A column of few different values: their places in a list."""

    codes: Index
    values: tuple[T, ...]

    @classmethod
    def of(cls, column: Iterable[T]) -> "Coded[T]":
        places = _Places()
        codes = np.fromiter(map(places.__getitem__, column), dtype=np.intp)
        return cls(codes, tuple(places))

    @classmethod
    def same(cls, value: T, length: int) -> "Coded[T]":
        return cls(np.zeros(length, dtype=np.intp), (value,))

    def take(self, rows: Any) -> "Coded[T]":
        return Coded(self.codes[rows], self.values)

    def are(self, value: T) -> NDArray[np.bool_]:
        return np.isin(self.codes, [i for i, one in enumerate(self.values) if one == value])


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, of which some may be missing; one that is no number is counted so."""

    values: Values
    state: Answers

    @classmethod
    def of(cls, column: Sequence[float | None]) -> "Numbers":
        held = np.array(column, dtype=np.object_)
        is_none = np.array([one is None for one in column], dtype=np.bool_)
        return cls(
            np.where(is_none, 0.0, held).astype(np.float64), np.where(is_none, MISSING, GIVEN)
        )

    def take(self, rows: Any) -> "Numbers":
        return Numbers(self.values[rows], self.state[rows])

    def slots(self, edges: Edges) -> Index:
        """Return where each is counted, as `Edges.slot` does."""
        cuts = np.array(edges.cuts)
        found = np.searchsorted(cuts, self.values, side="right")
        found[self.values == cuts[-1]] = edges.bins
        found[~np.isfinite(self.values)] = edges.slots - 1
        found[self.state == MISSING] = edges.slots - 2
        return found


@dataclass(frozen=True)
class Columns:
    """Predictions as columns of one length; see `PredictionRecord` for what each is.

    Attributes:
        flagged: 1, 0 or `UNANSWERED`; so is `truth`.
        levels: of each axis; the level "" means that a row does not count on it.
        features: numbers of the run, on the rows of the run.
    """

    version_id: Coded[str]
    site_id: Coded[str]
    mode: Coded[RunMode]
    finding_key: Coded[str]
    day: Coded[date]
    outcome: Coded[Outcome]
    score: Numbers
    flagged: Answers
    decision: Coded[Decision | None]
    levels: Mapping[str, Coded[str]]
    truth: Answers
    exam_day: Coded[date]
    decision_known_day: Coded[date | None]
    truth_known_day: Coded[date | None]
    label_day: Coded[date | None]
    features: Mapping[str, Numbers] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.flagged)

    def take(self, rows: Any) -> "Columns":
        """Return some of the rows."""
        held: dict[str, Any] = {
            name: value.take(rows) if isinstance(value, Coded | Numbers) else value[rows]
            for name, value in vars(self).items()
            if name not in {"levels", "features"}
        }
        levels = {axis: column.take(rows) for axis, column in self.levels.items()}
        features = {name: column.take(rows) for name, column in self.features.items()}
        return replace(self, **held, levels=levels, features=features)


def of_records(records: Sequence[Counted]) -> Columns:
    """Return records that count as columns; superseded ones add nothing."""
    held = [record for record in records if not record.superseded]
    axes = dict.fromkeys(axis for record in held for axis in record.attributes)
    names = dict.fromkeys(name for record in held for name in record.features or ())
    return Columns(
        version_id=Coded.of(record.version_id for record in held),
        site_id=Coded.of(record.site_id for record in held),
        mode=Coded.of(record.mode for record in held),
        finding_key=Coded.of(record.finding_key for record in held),
        day=Coded.of(record.day for record in held),
        outcome=Coded.of(record.outcome for record in held),
        score=Numbers.of([record.score for record in held]),
        flagged=answers([record.flagged for record in held]),
        decision=Coded.of(record.decision for record in held),
        levels={
            axis: Coded.of(record.attributes.get(axis, "") for record in held) for axis in axes
        },
        truth=answers([record.truth for record in held]),
        exam_day=Coded.of(record.exam_day or record.day for record in held),
        decision_known_day=Coded.of(record.decision_known_day for record in held),
        truth_known_day=Coded.of(record.truth_known_day for record in held),
        label_day=Coded.of(record.label_day for record in held),
        features={
            name: _feature(name, [record.features or {} for record in held]) for name in names
        },
    )


def answers(column: Sequence[bool | None]) -> Answers:
    held = np.array(column, dtype=np.float64)
    return np.where(np.isnan(held), UNANSWERED, held).astype(np.int8)


def _feature(name: str, held: Sequence[Mapping[str, float | None]]) -> Numbers:
    numbers = Numbers.of([features.get(name) for features in held])
    numbers.state[[name not in features for features in held]] = ABSENT
    return numbers


@dataclass(frozen=True)
class Folded:
    """What the rows of one stream add to the daily counts and to those of the labelled."""

    predictions: list[Change]
    labelled: list[Change]


def fold(table: Columns, frozen: FrozenOf) -> Iterator[Folded]:
    """Yield what each stream of the table adds, stream by stream: so that memory stays bounded."""
    parts = (table.version_id, table.site_id, table.mode, table.finding_key)
    streams = _together(*parts)
    order = np.argsort(streams, kind="stable")
    starts = np.flatnonzero(np.diff(streams[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if len(order) else ():
        whole: list[Any] = [part.values[part.codes[rows[0]]] for part in parts]
        version_id, site_id, mode, finding_key = whole
        stream = _Stream(version_id, site_id, mode, finding_key, table.take(rows), frozen)
        yield Folded(stream.predictions(), stream.labelled())


@dataclass(frozen=True)
class _Stream:
    """The rows of one version, site, mode and finding (or run)."""

    version_id: str
    site_id: str
    mode: RunMode
    finding_key: str
    table: Columns
    frozen: FrozenOf

    def predictions(self) -> list[Change]:
        table, key = self.table, self.finding_key
        held = self._counted(table.day, table.score, None if key == WHOLE_RUN else key)
        made = _Grouped(table.day, held, _prediction_counters(table), (held.slots,))
        found = [
            Change(self._cell(key, axis, level, day), reference_id, counters, histograms)
            for axis, level, day, reference_id, counters, histograms in made.cells(table.levels)
        ]
        return [*found, *self._heard(), *self._features()]

    def _heard(self) -> list[Change]:
        """Count decisions on the days that they became known."""
        table = self.table.take(np.flatnonzero(~self.table.decision.are(None)))
        if not len(table):
            return []
        day = _known(table.decision_known_day, table.day)
        key = self.finding_key
        held = self._counted(day, table.score, None if key == WHOLE_RUN else key)
        counters = _prediction_counters(table)
        heard = np.zeros_like(counters)
        heard[-len(HEARD) :] = counters[[COUNTERS.index(name) for name in HEARD]]
        # No score is counted a second time, but a row holds on to the edges of its day.
        none = np.full(len(table), -1, dtype=np.intp)
        return [
            Change(self._cell(key, axis, level, on), reference_id, sums, (histograms[0][:0],))
            for axis, level, on, reference_id, sums, histograms in _Grouped(
                day, held, heard, (none,)
            ).cells(table.levels)
        ]

    def labelled(self) -> list[Change]:
        known = _known(self.table.truth_known_day, self.table.label_day)
        told = (self.table.truth != UNANSWERED) & ~known.are(None)
        table = self.table.take(told)
        if not len(table) or self.finding_key == WHOLE_RUN:
            return []
        counters, is_so = _truth_counters(table), table.truth == 1
        found = []
        known = known.take(told)
        label_day = _known(table.label_day, known)
        days: dict[Basis, tuple[Coded[Any], Coded[Any]]] = {
            Basis.EXAM: (Coded.same(None, len(table)), table.exam_day),
            Basis.LABEL: (label_day, known),
        }
        for basis, (told, counted_on) in days.items():
            both, day = _pairs(told, counted_on)
            held = self._counted(day, table.score, self.finding_key)
            positives = np.where(is_so, held.slots, -1)
            negatives = np.where(is_so, -1, held.slots)
            made = _Grouped(both, held, counters, (positives, negatives))
            for axis, level, on, reference_id, sums, histograms in made.cells(table.levels):
                stream = (self.version_id, self.site_id, self.mode, self.finding_key)
                cell = TruthCell(basis, *stream, axis, level, *on)
                found.append(Change(cell, reference_id, sums, histograms))
        return found

    def _features(self) -> list[Change]:
        found = []
        for name, column in self.table.features.items():
            rows = np.flatnonzero(column.state != ABSENT)
            subject, day = f"{FEATURE}{name}", self.table.day.take(rows)
            held = self._counted(day, column.take(rows), subject)
            counters = np.zeros((len(COUNTERS), len(rows)), dtype=np.int64)
            counters[0] = 1
            found += [
                Change(self._cell(subject, axis, level, on), reference_id, sums, histograms)
                for axis, level, on, reference_id, sums, histograms in _Grouped(
                    day, held, counters, (held.slots,)
                ).cells({})
            ]
        return found

    def _cell(self, subject: str, axis: str, level: str, day: date) -> Cell:
        return Cell(self.version_id, self.site_id, self.mode, subject, axis, level, day)

    def _counted(self, day: Coded[Any], numbers: Numbers, subject: str | None) -> "_Counted":
        on_day: list[Frozen | None] = [
            self.frozen(self.version_id, self.site_id, subject, each) if subject and each else None
            for each in day.values
        ]
        slots = np.full(len(day.codes), -1, dtype=np.intp)
        edges = {held.reference_id: held.edges for held in on_day if held}
        for reference_id, cuts in edges.items():
            days = [i for i, one in enumerate(on_day) if one and one.reference_id == reference_id]
            rows = np.flatnonzero(np.isin(day.codes, days))
            slots[rows] = numbers.take(rows).slots(cuts)
        return _Counted(on_day, slots)


@dataclass(frozen=True)
class _Counted:
    """The slot of each row, -1 without edges, and what each day was counted on."""

    on_day: Sequence[Frozen | None]
    slots: Index


_Cells = Iterator[tuple[str, str, Any, str | None, Counts, tuple[Counts, ...]]]


@dataclass(frozen=True)
class _Grouped:
    """Rows that are added up by day and level."""

    day: Coded[Any]
    held: _Counted
    counters: Counts
    slots: tuple[Index, ...]

    def cells(self, levels: Mapping[str, Coded[str]]) -> _Cells:
        """Yield axis, level, day, reference, counters and histograms of each cell that has rows."""
        yield from self._axis(ALL, Coded.same(ALL, len(self.day.codes)))
        for axis, column in levels.items():
            yield from self._axis(axis, column)

    def _axis(self, axis: str, column: Coded[str]) -> _Cells:
        if not len(self.day.codes):
            return
        width = len(column.values)
        keys, groups = np.unique(self.day.codes * width + column.codes, return_inverse=True)
        sums = [
            np.bincount(groups, weights=each, minlength=len(keys)).astype(np.int64)
            for each in self.counters
        ]
        counters = np.stack(sums, axis=1)
        histograms = [self._histograms(groups, len(keys), slots) for slots in self.slots]
        for i, key in enumerate(keys.tolist()):
            day, level = divmod(key, width)
            held = self.held.on_day[day]
            if not column.values[level]:
                continue
            size = held.edges.slots if held else 0
            cut = tuple(each[i, :size] for each in histograms)
            reference_id = held.reference_id if held else None
            yield axis, column.values[level], self.day.values[day], reference_id, counters[i], cut

    def _histograms(self, groups: Index, cells: int, slots: Index) -> Counts:
        width = max((held.edges.slots for held in self.held.on_day if held), default=0)
        rows = slots >= 0
        flat = np.bincount(groups[rows] * width + slots[rows], minlength=cells * width)
        return flat.astype(np.int64).reshape(cells, width)


def _pairs(one: Coded[Any], other: Coded[Any]) -> tuple[Coded[Any], Coded[Any]]:
    """Return each row's two values as one, and the second of them with the same codes."""
    width = len(other.values)
    keys, codes = np.unique(one.codes * width + other.codes, return_inverse=True)
    both = [(one.values[key // width], other.values[key % width]) for key in keys.tolist()]
    return Coded(codes, tuple(both)), Coded(codes, tuple(pair[1] for pair in both))


def _known(known: Coded[Any], day: Coded[Any]) -> Coded[Any]:
    """Return the day that each became known, or else the day of its case."""
    values: tuple[Any, ...] = (*known.values, *day.values)
    absent = known.are(None)
    return Coded(np.where(absent, day.codes + len(known.values), known.codes), values)


def _together(*columns: Coded[Any]) -> Index:
    """Return one code for each combination of codes."""
    whole = np.zeros(len(columns[0].codes), dtype=np.int64)
    for column in columns:
        whole = whole * max(1, len(column.values)) + column.codes
    return np.unique(whole, return_inverse=True)[1] if len(whole) else whole


def _prediction_counters(table: Columns) -> Counts:
    """Return the counters of each row, in the order of `COUNTERS`."""
    shown = np.isin(table.mode.codes, [i for i, m in enumerate(table.mode.values) if m in SHOWN])
    return np.array(
        [
            np.ones(len(table)),
            table.flagged == 1,
            table.outcome.are(Outcome.SKIPPED),
            table.outcome.are(Outcome.FAILED),
            table.outcome.are(Outcome.NO_RESULT),
            table.outcome.are(Outcome.CANCELLED),
            table.outcome.are(Outcome.SUCCEEDED) & shown,
            ~table.decision.are(None),
            table.decision.are(Decision.OVERRIDE_FP),
            table.decision.are(Decision.OVERRIDE_FN),
            *np.zeros((len(HEARD), len(table))),
        ],
        dtype=np.int64,
    )


def _truth_counters(table: Columns) -> Counts:
    """Return the counters of each row, in the order of `TRUTH_COUNTERS`."""
    is_so, flagged = table.truth == 1, table.flagged
    score, state = table.score.values, table.score.state
    claimed = (state == GIVEN) & np.isfinite(score) & (score >= 0) & (score <= 1)
    claim = np.where(claimed, score, 0.0)
    apart = claim - is_so
    found = np.zeros((len(TRUTH_COUNTERS), len(table)), dtype=np.int64)
    found[0] = is_so & (flagged == 1)
    found[1] = ~is_so & (flagged == 1)
    found[2] = ~is_so & (flagged == 0)
    found[3] = is_so & (flagged == 0)
    found[4] = claimed
    found[5] = np.rint(claim * MILLION)
    found[6] = np.where(claimed, np.rint(apart * apart * MILLION), 0)
    return found
