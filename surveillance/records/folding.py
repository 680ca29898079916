"""How a record changes the daily counts: signed changes that merge by addition. Pure.

Addition makes the order of changes meaningless, and the opposite sign takes a record back exactly:
so a corrected decision, a superseded run and a rebuild from the records all agree.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.axes import ALL, AXES, UNKNOWN
from surveillance.measures.histogram import Counts, Edges
from surveillance.records.models import WHOLE_RUN, PredictionRecord

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
)
_SHOWN = frozenset({RunMode.CANARY, RunMode.LIVE})


@dataclass(frozen=True)
class Frozen:
    """The edges that a day is counted on, and the reference they belong to."""

    reference_id: str
    edges: Edges


@dataclass(frozen=True)
class Cell:
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
        text = "\x1f".join(str(part) for part in vars(self).values())
        return f"agg_{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


@dataclass(frozen=True)
class Change:
    """What is added to one daily row; `counters` are in the order of `COUNTERS`."""

    cell: Cell
    reference_id: str | None
    counters: Counts
    histogram: Counts

    def __add__(self, other: "Change") -> "Change":
        return replace(
            self,
            counters=self.counters + other.counters,
            histogram=added(self.histogram, other.histogram),
        )


def changes(record: PredictionRecord, frozen: Frozen | None, sign: int = 1) -> list[Change]:
    """Return what `record` adds (with sign -1: takes) on every axis; a superseded one, nothing."""
    if record.superseded:
        return []
    counters = sign * _counters(record)
    histogram = sign * _histogram(record, frozen)
    reference_id = frozen.reference_id if frozen else None
    levels = {ALL: ALL} | {axis: record.attributes.get(axis, UNKNOWN) for axis in AXES}
    return [
        Change(_cell(record, axis, level), reference_id, counters, histogram)
        for axis, level in levels.items()
    ]


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


def _cell(record: PredictionRecord, axis: str, level: str) -> Cell:
    return Cell(
        record.version_id,
        record.site_id,
        record.mode,
        record.finding_key,
        axis,
        level,
        record.day,
    )


def _counters(record: PredictionRecord) -> Counts:
    outcome, decision = record.outcome, record.decision
    return np.array(
        [
            1,
            record.flagged is True,
            outcome is Outcome.SKIPPED,
            outcome is Outcome.FAILED,
            outcome is Outcome.NO_RESULT,
            outcome is Outcome.CANCELLED,
            outcome is Outcome.SUCCEEDED and record.mode in _SHOWN,
            decision is not None,
            decision is Decision.OVERRIDE_FP,
            decision is Decision.OVERRIDE_FN,
        ],
        dtype=np.int64,
    )


def _histogram(record: PredictionRecord, frozen: Frozen | None) -> Counts:
    if frozen is None or record.finding_key == WHOLE_RUN:
        return np.empty(0, dtype=np.int64)
    return frozen.edges.count([record.score])
