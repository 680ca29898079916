"""The days of one stream's data, ready for a detector. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from inference.runs.models import RunMode
from surveillance.measures.histogram import Counts
from surveillance.records.models import SLOT, WHOLE_RUN

StreamId = tuple[str, str, str]
SHOWN = frozenset({RunMode.CANARY, RunMode.LIVE})
_STREAM = attrgetter("version_id", "site_id", "finding_key")
_SUMMED = ("n", "flagged", "shown", "decided", "overridden")


@dataclass(frozen=True)
class Series:
    """One row a day, oldest first. A day without a case is no row.

    `shown`, `decided` and `overridden` count only what was shown to a reader. Histograms stay
    bytes until they are asked for: a year of many streams is mostly bytes.
    """

    version_id: str
    site_id: str
    finding_key: str
    days: tuple[date, ...]
    reference_ids: tuple[str | None, ...]
    histograms: tuple[bytes, ...]
    n: Counts
    flagged: Counts
    shown: Counts
    decided: Counts
    overridden: Counts

    @property
    def stream(self) -> StreamId:
        return (self.version_id, self.site_id, self.finding_key)

    def counts(self, slots: int) -> Counts:
        """Return the histograms, one row a day; a day counted on no edges is a row of zeros."""
        empty = bytes(slots * SLOT.itemsize)
        held = [day if len(day) == len(empty) else empty for day in self.histograms]
        return np.frombuffer(b"".join(held), dtype=SLOT).astype(np.int64).reshape(-1, slots)

    def after(self, day: date) -> "Series":
        """Return what came after a day."""
        return self._where([each > day for each in self.days])

    def on(self, reference_id: str) -> "Series":
        """Return the days that were counted on the edges of one reference."""
        return self._where([held == reference_id for held in self.reference_ids])

    def _where(self, wanted: Sequence[bool]) -> "Series":
        if all(wanted):
            return self
        index = [i for i, is_wanted in enumerate(wanted) if is_wanted]
        return replace(
            self,
            days=tuple(self.days[i] for i in index),
            reference_ids=tuple(self.reference_ids[i] for i in index),
            histograms=tuple(self.histograms[i] for i in index),
            **{name: getattr(self, name)[index] for name in _SUMMED},
        )


def from_rows(rows: Iterable[Any]) -> list[Series]:
    """Build the series of each finding from rows of daily counts, ordered by stream and day.

    Modes of a day are added up: a score does not depend on whether anybody sees it.
    """
    return [
        _series(stream, list(group))
        for stream, group in groupby(rows, key=_STREAM)
        if stream[2] != WHOLE_RUN
    ]


def _series(stream: StreamId, rows: list[Any]) -> Series:
    series = Series(
        *stream,
        days=tuple(row.day for row in rows),
        reference_ids=tuple(row.reference_id for row in rows),
        histograms=tuple(row.histogram for row in rows),
        n=_column(rows, "n"),
        flagged=_column(rows, "flagged"),
        shown=_column(rows, "shown"),
        decided=_of_shown(rows, "decided"),
        overridden=_of_shown(rows, "overridden"),
    )
    one_mode_a_day = len(set(series.days)) == len(rows)
    merged = series if one_mode_a_day else _merged(series)
    return merged._where((merged.n > 0).tolist())  # noqa: SLF001 - of its own class


def _merged(series: Series) -> Series:
    """Add up the rows of each day, which follow one another."""
    starts = [i for i, day in enumerate(series.days) if i == 0 or day != series.days[i - 1]]
    ends = [*starts[1:], len(series.days)]
    return replace(
        series,
        days=tuple(series.days[i] for i in starts),
        reference_ids=tuple(series.reference_ids[i] for i in starts),
        histograms=tuple(_sum(series.histograms[i:j]) for i, j in zip(starts, ends, strict=True)),
        **{name: _by_day(getattr(series, name), starts) for name in _SUMMED},
    )


def _by_day(values: Counts, starts: Sequence[int]) -> Any:
    return np.add.reduceat(values, starts)


def _sum(histograms: Sequence[bytes]) -> bytes:
    held = [np.frombuffer(each, dtype=SLOT) for each in histograms if each]
    return sum(held[1:], held[0]).tobytes() if held else b""


def _column(rows: Sequence[Any], name: str) -> Counts:
    return np.fromiter(map(attrgetter(name), rows), dtype=np.int64, count=len(rows))


def _of_shown(rows: Sequence[Any], name: str) -> Counts:
    return _column(rows, name) * np.fromiter((row.mode in SHOWN for row in rows), dtype=np.int64)
