"""How a record changes the daily counts: signed changes that merge by addition. Pure.

Addition makes the order of changes meaningless, and the opposite sign takes a record back exactly:
so a corrected decision or label, a superseded run and a rebuild from the records all agree. All
that is added are whole numbers: sums of fractions would depend on the order.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

import numpy as np

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.axes import ALL
from surveillance.measures.histogram import Counts, Edges
from surveillance.records.models import FEATURE, WHOLE_RUN, Basis

COUNTERS = (
    "n",
    "flagged",
    "skipped",
    "failed",
    "no_result",
    "cancelled",
    "shown",
    "decided",
    "override_fp",
    "override_fn",
    "heard",
    "heard_fp",
    "heard_fn",
)
# Those that count on the day that a decision became known, in the order that they have above.
HEARD = ("decided", "override_fp", "override_fn")
TRUTH_COUNTERS = ("tp", "fp", "tn", "fn", "claimed", "claim_sum", "brier_sum")
MILLION = 1_000_000
SHOWN = frozenset({RunMode.CANARY, RunMode.LIVE})
_NOT_HEARD = (0,) * len(HEARD)
_NO_SLOTS: Counts = np.empty(0, dtype=np.int64)


class Counted(Protocol):
    """What the counts need of a record."""

    @property
    def version_id(self) -> str: ...
    @property
    def site_id(self) -> str: ...
    @property
    def mode(self) -> RunMode: ...
    @property
    def finding_key(self) -> str: ...
    @property
    def day(self) -> date: ...
    @property
    def exam_day(self) -> date | None: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def score(self) -> float | None: ...
    @property
    def flagged(self) -> bool | None: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...
    @property
    def features(self) -> Mapping[str, float | None] | None: ...
    @property
    def decision(self) -> Decision | None: ...
    @property
    def superseded(self) -> bool: ...
    @property
    def truth(self) -> bool | None: ...
    @property
    def decision_known_day(self) -> date | None: ...
    @property
    def truth_known_day(self) -> date | None: ...
    @property
    def label_day(self) -> date | None: ...


class Frozen(NamedTuple):
    """The edges that a day is counted on, and the reference they belong to."""

    reference_id: str
    edges: Edges


# Of a version at a site, what a subject (a finding, or a number) was counted on, on a day.
FrozenOf = Callable[[str, str, str, date], Frozen | None]


class Cell(NamedTuple):
    """Which daily row a change belongs to."""

    version_id: str
    site_id: str
    mode: RunMode
    finding_key: str
    axis: str
    level: str
    day: date

    @property
    def id(self) -> str:
        return _digest("agg", self)


class TruthCell(NamedTuple):
    """Which daily row of the labelled a change belongs to."""

    basis: Basis
    version_id: str
    site_id: str
    mode: RunMode
    finding_key: str
    axis: str
    level: str
    told_day: date | None
    day: date

    @property
    def id(self) -> str:
        if self.told_day in {None, self.day}:
            return _digest("trd", (*self[:-2], self.day))
        return _digest("trd", self)


@dataclass(frozen=True, slots=True)
class Change:
    """What is added to one daily row, its counters and histograms in the order of its table."""

    cell: Cell | TruthCell
    reference_id: str | None
    counters: Counts
    histograms: tuple[Counts, ...]

    def __add__(self, other: "Change") -> "Change":
        pairs = zip(self.histograms, other.histograms, strict=True)
        return Change(
            self.cell,
            self.reference_id,
            self.counters + other.counters,
            tuple(added(one, another) for one, another in pairs),
        )


def changes(record: Counted, frozen: FrozenOf, sign: int = 1) -> list[Change]:
    """Return what `record` adds (with sign -1: takes) on every axis; a superseded one, nothing.

    It counts on the axes that its attributes name, so that what was once added can be taken back
    also after a new axis came to be. Numbers of the run are counted for everybody together only.
    A decision counts on the day of its case, and as heard on the day that it became known.
    """
    if record.superseded:
        return []
    stream = (record.version_id, record.site_id, record.mode, record.finding_key)
    held = _frozen(record, frozen, record.day)
    counters, heard = sign * _counters(record), sign * _heard(record)
    heard_on = record.decision_known_day or record.day
    counts = [(record.day, held, counters, (_counted(held, record.score, sign),))]
    if heard_on == record.day:
        counters += heard
    elif heard.any():
        # A row holds on to the edges of its day, also where it has no score.
        counts.append((heard_on, _frozen(record, frozen, heard_on), heard, (_NO_SLOTS,)))
    levels = {ALL: ALL, **record.attributes}
    return [
        Change(Cell(*stream, axis, level, day), on.reference_id if on else None, sums, histograms)
        for day, on, sums, histograms in counts
        for axis, level in levels.items()
    ] + _of_features(record, frozen, sign)


def truth_changes(record: Counted, frozen: FrozenOf, sign: int = 1) -> list[Change]:
    """Return what a labelled record adds to the counts of the labelled, on both bases."""
    if record.superseded or record.finding_key == WHOLE_RUN:
        return []
    # Who says nothing else knew a label on its own day.
    known = record.truth_known_day or record.label_day
    if record.truth is None or known is None:
        return []
    counters = sign * _truth_counters(record)
    stream = (record.version_id, record.site_id, record.mode, record.finding_key)
    levels = {ALL: ALL, **record.attributes}
    found = []
    for basis, told, day in (
        (Basis.EXAM, None, record.exam_day or record.day),
        (Basis.LABEL, record.label_day or known, known),
    ):
        held = _frozen(record, frozen, day)
        counted = _counted(held, record.score, sign)
        none = np.zeros_like(counted)
        histograms = (counted, none) if record.truth else (none, counted)
        reference_id = held.reference_id if held else None
        found += [
            Change(
                TruthCell(basis, *stream, axis, level, told, day),
                reference_id,
                counters,
                histograms,
            )
            for axis, level in levels.items()
        ]
    return found


def merged(many: Iterable[Change]) -> dict[str, Change]:
    """Return one change for each row, in the order of their ids: how writers avoid a deadlock."""
    rows: dict[str, Change] = {}
    for change in many:
        key = change.cell.id
        rows[key] = rows[key] + change if key in rows else change
    return dict(sorted(rows.items()))


def added(one: Counts, other: Counts) -> Counts:
    """Add histograms, of which either may be empty: counted on no edges."""
    if not len(one) or not len(other):
        return one if len(one) else other
    return one + other


def _digest(prefix: str, cell: tuple[object, ...]) -> str:
    text = "\x1f".join(map(str, cell))
    return f"{prefix}_{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def _frozen(record: Counted, frozen: FrozenOf, day: date) -> Frozen | None:
    if record.finding_key == WHOLE_RUN:
        return None
    return frozen(record.version_id, record.site_id, record.finding_key, day)


def _counted(held: Frozen | None, score: float | None, sign: int) -> Counts:
    if held is None:
        return _NO_SLOTS
    slots = np.zeros(held.edges.slots, dtype=np.int64)
    slots[held.edges.slot(score)] = sign
    return slots


def _of_features(record: Counted, frozen: FrozenOf, sign: int) -> list[Change]:
    if not record.features:
        return []
    found = []
    counters = np.zeros(len(COUNTERS), dtype=np.int64)
    counters[0] = sign
    for name, value in record.features.items():
        subject = f"{FEATURE}{name}"
        held = frozen(record.version_id, record.site_id, subject, record.day)
        cell = Cell(record.version_id, record.site_id, record.mode, subject, ALL, ALL, record.day)
        reference_id = held.reference_id if held else None
        found.append(Change(cell, reference_id, counters, (_counted(held, value, sign),)))
    return found


def _counters(record: Counted) -> Counts:
    outcome, decision = record.outcome, record.decision
    return np.array(
        [
            1,
            record.flagged is True,
            outcome is Outcome.SKIPPED,
            outcome is Outcome.FAILED,
            outcome is Outcome.NO_RESULT,
            outcome is Outcome.CANCELLED,
            outcome is Outcome.SUCCEEDED and record.mode in SHOWN,
            decision is not None,
            decision is Decision.OVERRIDE_FP,
            decision is Decision.OVERRIDE_FN,
            *_NOT_HEARD,
        ],
        dtype=np.int64,
    )


def _heard(record: Counted) -> Counts:
    heard = np.zeros(len(COUNTERS), dtype=np.int64)
    decision = record.decision
    heard[-len(HEARD) :] = (
        decision is not None,
        decision is Decision.OVERRIDE_FP,
        decision is Decision.OVERRIDE_FN,
    )
    return heard


def _truth_counters(record: Counted) -> Counts:
    is_so, flagged, score = record.truth is True, record.flagged, record.score
    claimed = score is not None and math.isfinite(score) and 0 <= score <= 1
    claim = score if claimed and score is not None else 0.0
    return np.array(
        [
            is_so and flagged is True,
            not is_so and flagged is True,
            not is_so and flagged is False,
            is_so and flagged is False,
            claimed,
            round(claim * MILLION),
            round((claim - is_so) * (claim - is_so) * MILLION) if claimed else 0,
        ],
        dtype=np.int64,
    )
