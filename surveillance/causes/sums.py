"""From rows of daily counts to groups before and since a change. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from surveillance.axes import ALL
from surveillance.causes.groups import Groups, Numbers, Side
from surveillance.measures.histogram import Counts
from surveillance.measures.intervals import RANK_VARIANCE
from surveillance.records.models import SLOT
from surveillance.streams.kinds import StreamKind

Measure = Callable[[Sequence[Any]], tuple[Numbers, Numbers]]
_OF_SHOWN = frozenset(
    {
        StreamKind.OVERRIDE_RATE,
        StreamKind.OVERRIDE_FP_RATE,
        StreamKind.OVERRIDE_FN_RATE,
        StreamKind.IGNORED_RATE,
    }
)
_SHOWN_MODES = frozenset({"canary", "live"})
# Of each rate: which columns are added up below the line, and which above.
_RATES: Mapping[StreamKind, tuple[str, tuple[str, ...]]] = {
    StreamKind.FLAG_RATE: ("n", ("flagged",)),
    StreamKind.SKIPPED_RATE: ("n", ("skipped",)),
    StreamKind.FAILED_RATE: ("n", ("failed",)),
    StreamKind.OVERRIDE_RATE: ("decided", ("override_fp", "override_fn")),
    StreamKind.OVERRIDE_FP_RATE: ("decided", ("override_fp",)),
    StreamKind.OVERRIDE_FN_RATE: ("decided", ("override_fn",)),
    StreamKind.IGNORED_RATE: ("shown", ("shown",)),
    StreamKind.MISS_RATE: ("positive", ("fn",)),
    StreamKind.FALSE_ALARM_RATE: ("negative", ("fp",)),
    StreamKind.PPV: ("called", ("tp",)),
}


def is_decomposed(kind: StreamKind) -> bool:
    """Whether a stream is a mean of cases, which groups of cases can share in."""
    return kind is StreamKind.SCORE or kind in _RATES


@dataclass
class Split:
    """Cases and sums of each level of each axis, in two windows."""

    change: date
    cells: dict[str, dict[str, Numbers]] = field(default_factory=dict)

    def add(
        self, keys: Iterable[tuple[str, str]], days: Iterable[date], cases: Numbers, total: Numbers
    ) -> None:
        for (axis, level), day, n, s in zip(keys, days, cases, total, strict=True):
            held = self.cells.setdefault(axis, {}).setdefault(level, np.zeros(4))
            at = 2 if day >= self.change else 0
            held[at] += n
            held[at + 1] += s

    def groups(self, axis: str, variance: float | None) -> Groups | None:
        """Return the groups of an axis; `variance` None: that of a rate."""
        levels = self.cells.get(axis)
        if not levels:
            return None
        table = np.array([levels[level] for level in sorted(levels)])
        before, since = Side(table[:, 0], table[:, 1]), Side(table[:, 2], table[:, 3])
        if variance is None:
            rate = float(table[:, 1].sum() + table[:, 3].sum()) / max(before.n + since.n, 1.0)
            variance = rate * (1 - rate)
        return Groups(axis, tuple(sorted(levels)), before, since, variance)


def measure_of(kind: StreamKind, ranks: Numbers | None) -> Measure:
    """Return how cases and their sum are read from rows of daily counts."""
    if kind is StreamKind.SCORE:
        return lambda rows: _ranked(rows, ranks)
    below, above = _RATES[kind]

    def measure(rows: Sequence[Any]) -> tuple[Numbers, Numbers]:
        cases = _column(rows, below)
        total = np.sum([_column(rows, name) for name in above], axis=0)
        if kind is StreamKind.IGNORED_RATE:
            total = total - _column(rows, "decided")
        if kind in _OF_SHOWN:
            shown = np.array([str(row.mode) in _SHOWN_MODES for row in rows], dtype=float)
            return cases * shown, total * shown
        return cases, total

    return measure


def variance_of(kind: StreamKind) -> float | None:
    return RANK_VARIANCE if kind is StreamKind.SCORE else None


def matrix(histograms: Sequence[bytes], slots: int) -> Counts:
    """Return histograms as rows; those on other edges, or none, are rows of zeros."""
    empty = bytes(slots * SLOT.itemsize)
    joined = b"".join(each if len(each) == len(empty) else empty for each in histograms)
    counts: Counts = np.frombuffer(joined, dtype=SLOT).astype(np.int64).reshape(-1, slots)
    return counts


def split(rows: Sequence[Any], kind: StreamKind, ranks: Numbers | None, change: date) -> Split:
    """Add up the rows of every axis and level, before a change and since."""
    found = Split(change)
    cases, total = measure_of(kind, ranks)(rows)
    keys = ((row.axis, row.level) for row in rows)
    found.add(keys, (row.day for row in rows), cases, total)
    return found


def by_site(rows: Sequence[Any], kind: StreamKind, ranks: Numbers | None, change: date) -> Split:
    """Add up the rows of everybody, each site a level of the axis `all`."""
    found = Split(change)
    cases, total = measure_of(kind, ranks)(rows)
    keys = ((ALL, row.site_id) for row in rows)
    found.add(keys, (row.day for row in rows), cases, total)
    return found


def _ranked(rows: Sequence[Any], ranks: Numbers | None) -> tuple[Numbers, Numbers]:
    if ranks is None:
        return np.zeros(len(rows)), np.zeros(len(rows))
    held = matrix([row.histogram for row in rows], len(ranks) + 2)[:, :-2]
    return held.sum(1).astype(float), held @ ranks


def _column(rows: Sequence[Any], name: str) -> Numbers:
    return np.fromiter((getattr(row, name) for row in rows), dtype=float, count=len(rows))
