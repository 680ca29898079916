"""The days of whole runs, by the level of an axis: what categories and operations are read from.

Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from surveillance.measures.histogram import Counts

SEPARATOR = "\x1f"
# What is learned where no reference says: so many days, and so many cases at the least.
OPENING_DAYS = 28
OPENING_CASES = 300
Row = Sequence[Any]


@dataclass(frozen=True)
class Shares:
    """The runs of one version at one site, day by day; modes added up.

    Attributes:
        ordinals: every day from the first with a run to the last, as `date.toordinal` counts them.
        levels: of the axis.
        n: runs of each level; shape (days, levels).
        skipped: those that were left out; the same shape.
        failed: those that came to no result; the same shape.
    """

    version_id: str
    site_id: str
    axis: str
    ordinals: Counts
    levels: tuple[str, ...]
    n: Counts
    skipped: Counts
    failed: Counts

    @property
    def total(self) -> Counts:
        found: Counts = self.n.sum(axis=1)
        return found

    @property
    def opening(self) -> int:
        """Return how many days make up what is normal where nobody said so; 0 for too few."""
        enough = np.flatnonzero(np.cumsum(self.total) >= OPENING_CASES)
        if not len(enough) or len(self.ordinals) < OPENING_DAYS:
            return 0
        return max(OPENING_DAYS, int(enough[0]) + 1)

    def before(self, day: date) -> int:
        """Return how many of the days are before `day`."""
        return int(np.searchsorted(self.ordinals, day.toordinal()))


def from_rows(batches: Iterable[Sequence[Row]], until: date) -> list[Shares]:
    """Build the days up to `until` from rows of `streams.repository.run_days`, in any order."""
    names: dict[str, int] = {}
    days: dict[Any, int] = {}
    parts = []
    for rows in batches:
        called, on, *counted = zip(*rows, strict=True)
        codes = [names.setdefault(name, len(names)) for name in called]
        for day in set(on) - days.keys():
            days[day] = _ordinal(day)
        parts.append(np.array([codes, [days[day] for day in on], *counted], dtype=np.int64))
    if not parts:
        return []
    table = np.concatenate(parts, axis=1)
    by_name = table[:, np.argsort(table[0], kind="stable")]
    ends = np.cumsum(np.bincount(by_name[0], minlength=len(names)))
    held: dict[tuple[str, ...], dict[str, Counts]] = {}
    for name, rows_of in zip(names, np.split(by_name[1:], ends[:-1], axis=1), strict=True):
        *place, level = name.split(SEPARATOR)
        held.setdefault(tuple(place), {})[level] = rows_of
    return [_shares(place, levels, until.toordinal()) for place, levels in sorted(held.items())]


def _shares(place: tuple[str, ...], held: Mapping[str, Counts], until: int) -> Shares:
    first = min(int(rows[0].min()) for rows in held.values())
    ordinals = np.arange(first, max(until, first) + 1)
    levels = tuple(sorted(held))
    counts = np.zeros((3, len(ordinals), len(levels)), dtype=np.int64)
    for at, level in enumerate(levels):
        day, *counted = held[level]
        inside = day - first < len(ordinals)
        for number, values in enumerate(counted):
            np.add.at(counts[number, :, at], (day - first)[inside], values[inside])
    version_id, site_id, axis = place
    return Shares(version_id, site_id, axis, ordinals, levels, *counts)


def _ordinal(day: date | str) -> int:
    return (date.fromisoformat(day) if isinstance(day, str) else day).toordinal()
