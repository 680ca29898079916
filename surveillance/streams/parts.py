"""Daily counts as columns: the rows of one mode of one stream on one reference's edges. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveillance.records.models import SLOT

SEPARATOR = "\x1f"
MODE = 5  # of version, site, finding, axis, level, mode and reference
Row = Sequence[Any]
Numbers = NDArray[np.int32]
Histograms = NDArray[np.int32]


@dataclass(frozen=True)
class Part:
    """Some days of a stream, oldest first.

    Attributes:
        name: version, site, finding, axis, level, mode and reference.
        ordinals: the days, as `date.toordinal` counts them.
        counted: (days, counters).
        histograms: (days, slots); no slots where they were counted on no edges.
    """

    name: str
    ordinals: Numbers
    counted: Numbers
    histograms: Histograms

    @property
    def mode(self) -> str:
        return self.name.split(SEPARATOR)[MODE]

    @property
    def place(self) -> tuple[str, str]:
        version_id, site_id, *_ = self.name.split(SEPARATOR)
        return version_id, site_id

    def rows(self, begins: int, ends: int) -> "Part":
        days = slice(begins, ends)
        return Part(self.name, self.ordinals[days], self.counted[days], self.histograms[days])

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the name without the mode."""
        names = self.name.split(SEPARATOR)
        return (*names[:MODE], *names[MODE + 1 :])


def from_batches(batches: Iterable[Sequence[Row]]) -> Iterator[Part]:
    """Sort rows of `streams.repository.daily` into parts; a name or a day is looked up once."""
    names: dict[str, int] = {}
    days: dict[Any, int] = {}
    columns: list[tuple[NDArray[Any], ...]] = []
    blobs: list[bytes] = []
    for rows in batches:
        named, dated, histograms, *counted = zip(*rows, strict=True)
        codes = [names.setdefault(name, len(names)) for name in named]
        days.update({day: _ordinal(day) for day in set(dated) - days.keys()})
        ordinals = [days[day] for day in dated]
        columns.append(
            (np.array(codes), np.array(ordinals, np.int32), np.array(counted, np.int32).T)
        )
        blobs.extend(histograms)
    if columns:
        yield from _sorted(list(names), [np.concatenate(each) for each in zip(*columns)], blobs)  # noqa: B905 - of like length


def _sorted(
    names: Sequence[str], columns: Sequence[NDArray[Any]], blobs: Sequence[bytes]
) -> Iterator[Part]:
    codes, ordinals, counted = columns
    order = np.lexsort((ordinals, codes))
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    for name, rows in zip(names, np.split(order, ends[:-1]), strict=True):
        histograms = _decoded([blobs[row] for row in rows.tolist()])
        yield Part(name, ordinals[rows], counted[rows], histograms)


def _decoded(blobs: Sequence[bytes]) -> Histograms:
    """Return the histograms; a day counted on no edges is a row of zeros among the others."""
    longest = max(map(len, blobs))
    empty = bytes(longest)
    joined = b"".join([blob if len(blob) == longest else empty for blob in blobs])
    return np.frombuffer(joined, dtype=SLOT).reshape(len(blobs), longest // SLOT.itemsize)


def _ordinal(day: date | str) -> int:
    return (date.fromisoformat(day) if isinstance(day, str) else day).toordinal()
