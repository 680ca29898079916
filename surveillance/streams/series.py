"""The days of one stream's counts, ready for a detector. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.runs.models import RunMode
from surveillance.axes import ALL
from surveillance.measures.histogram import Counts
from surveillance.records.models import SLOT
from surveillance.streams import parts
from surveillance.streams.parts import Histograms, Part, Row

SHOWN = frozenset({RunMode.CANARY, RunMode.LIVE})
# Its place among the columns of `streams.repository.COUNTED`.
_HEARD = 4


@dataclass(frozen=True)
class Series:
    """One row a day, oldest first, on the edges of one reference.

    A day is no row where it has neither a case nor heard a decision. `shown` and the decisions
    count only what was shown to a reader. Modes are added up: a score does not depend on whether
    anybody sees it.

    Attributes:
        ordinals: the days, as `date.toordinal` counts them.
        histograms: (days, slots); no slots without a reference.
        decided: decisions on the cases of the day; the other decisions are those that became known
            on the day, whatever day their cases are of.
    """

    version_id: str
    site_id: str
    finding_key: str
    axis: str
    level: str
    reference_id: str | None
    ordinals: Counts
    histograms: Histograms
    n: Counts
    flagged: Counts
    shown: Counts
    decided: Counts
    heard: Counts
    heard_fp: Counts
    heard_fn: Counts

    @property
    def stream(self) -> tuple[str, str, str]:
        return (self.version_id, self.site_id, self.finding_key)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(map(date.fromordinal, self.ordinals.tolist()))

    @property
    def overridden(self) -> Counts:
        return self.heard_fp + self.heard_fn

    @property
    def is_everybody(self) -> bool:
        return self.axis == ALL

    def counts(self, slots: int) -> Counts:
        """Return the histograms, one row a day, for sums that may grow large."""
        return self.on_edges(slots).astype(np.int64)

    def on_edges(self, slots: int) -> Histograms:
        """Return the histograms as they are kept; zeros where they were counted on no edges."""
        if self.histograms.shape[1] != slots:
            return np.zeros((len(self.ordinals), slots), dtype=SLOT)
        return self.histograms

    def with_cases(self) -> "Series":
        """Return the days that have a case: not those that only heard a decision."""
        return self._holding(self.n)

    def with_decisions(self) -> "Series":
        """Return the days that heard a decision."""
        return self._holding(self.heard)

    def _holding(self, counts: Counts) -> "Series":
        held = counts != 0
        return self if held.all() else self._cut(held)

    def after(self, day: date) -> "Series":
        """Return what came after a day."""
        begins = int(np.searchsorted(self.ordinals, day.toordinal(), side="right"))
        return self if begins == 0 else self._cut(slice(begins, None))

    def until(self, day: date) -> "Series":
        """Return what came up to a day and on it."""
        ends = int(np.searchsorted(self.ordinals, day.toordinal(), side="right"))
        return self if ends == len(self.ordinals) else self._cut(slice(ends))

    def within(self, first: date | None, last: date | None) -> "Series":
        """Return the days from the first to the last; None is no limit."""
        held = self if last is None else self.until(last)
        return held if first is None else held.after(first - timedelta(days=1))

    def on(self, reference_id: str) -> "Series":
        """Return the days that were counted on the edges of one reference: all of them, or none."""
        return self if self.reference_id == reference_id else self._cut(slice(0))

    def _cut(self, days: "slice | NDArray[np.bool_]") -> "Series":
        held: dict[str, Any] = vars(self)
        cut = {key: each[days] for key, each in held.items() if isinstance(each, np.ndarray)}
        return Series(**(held | cut))


def from_batches(batches: Iterable[Sequence[Row]]) -> list[Series]:
    """Build series from rows of `streams.repository.daily`, in any order."""
    return from_parts(parts.from_batches(batches))


def from_parts(found: Iterable[Part]) -> list[Series]:
    """Build the series of each finding from its parts, in any order."""
    by_stream: dict[tuple[str, ...], list[Part]] = {}
    for part in found:
        by_stream.setdefault(part.identity, []).append(part)
    merged = (_merged(name, held) for name, held in sorted(by_stream.items()))
    return [series for series in merged if len(series.ordinals)]


def _merged(name: tuple[str, ...], held: Sequence[Part]) -> Series:
    """Put the parts after one another, and add up what is of the same day."""
    ordinals = np.concatenate([part.ordinals for part in held])
    counted = np.concatenate([_of_shown(part) for part in held])
    slots = max(part.histograms.shape[1] for part in held)
    histograms = np.concatenate([_with_slots(part.histograms, slots) for part in held])
    if (np.diff(ordinals) <= 0).any():
        ordinals, place = np.unique(ordinals, return_inverse=True)
        counted = _summed(counted, place, len(ordinals))
        histograms = _summed(histograms, place, len(ordinals))
    holds = (counted[:, [0, _HEARD]] > 0).any(axis=1)
    if not holds.all():
        ordinals, counted, histograms = ordinals[holds], counted[holds], histograms[holds]
    version_id, site_id, finding_key, axis, level, reference = name
    stream = (version_id, site_id, finding_key, axis, level, reference or None)
    return Series(*stream, ordinals, histograms, *counted.T)


def _of_shown(part: Part) -> Counts:
    """Return the counts; without what readers were not shown: cases and flags are of all."""
    counted = part.counted.astype(np.int64)
    if part.mode not in SHOWN:
        counted[:, 2:] = 0
    return counted


def _with_slots(histograms: Histograms, slots: int) -> Histograms:
    if histograms.shape[1] == slots:
        return histograms
    return np.zeros((len(histograms), slots), dtype=SLOT)


def _summed(rows: NDArray[Any], place: NDArray[np.int64], days: int) -> NDArray[Any]:
    sums = np.zeros((days, *rows.shape[1:]), rows.dtype)
    np.add.at(sums, place, rows)
    return sums
