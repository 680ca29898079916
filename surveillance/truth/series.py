"""The days of one stream's labelled cases, ready for a detector. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.histogram import Counts
from surveillance.records.models import SLOT

MILLIONTH = 1e-6
_STREAM = attrgetter("version_id", "site_id", "finding_key", "axis", "level", "reference_id")
_COUNTS = ("tp", "fp", "tn", "fn", "claimed", "claim_sum", "brier_sum")


@dataclass(frozen=True)
class TruthSeries:
    """One row a day with labels, oldest first, all modes together, on the edges of one reference.

    A stream that was re-referenced is one series for each reference. Without a reference the
    histograms have no slots. On the basis of the label, what came to be known on one day is
    several rows of that day, in the order that labels are dated: as many at most as days have gone
    by since labels came before, so that a table of a month is not one day with a thousand cases,
    and a year never more days than it has.

    Attributes:
        positives: days x slots (under, bins, over, missing, invalid): scores of those with it.
        negatives: the same of those without.
        claimed: how many scores were probabilities.
        claim: the sum of those, a day.
        brier: the sum of their squared distances from the truth, a day.
    """

    version_id: str
    site_id: str
    finding_key: str
    axis: str
    level: str
    reference_id: str | None
    days: tuple[date, ...]
    tp: Counts
    fp: Counts
    tn: Counts
    fn: Counts
    positives: Counts
    negatives: Counts
    claimed: Counts
    claim: NDArray[np.float64]
    brier: NDArray[np.float64]

    @property
    def n(self) -> Counts:
        return self.tp + self.fp + self.tn + self.fn


def from_rows(rows: Iterable[Any]) -> list[TruthSeries]:
    """Build series from rows of daily counts that are ordered by stream, reference and day."""
    found = (_series(stream, list(group)) for stream, group in groupby(rows, key=_STREAM))
    return [series for series in found if len(series.days)]


def _series(stream: tuple[Any, ...], rows: list[Any]) -> TruthSeries:
    days = [row.day for row in rows]
    starts = _starts(days, [row.told_day for row in rows])
    sums = {name: _summed(_column(rows, name), starts) for name in _COUNTS}
    positives = _summed(_slots([row.positives for row in rows]), starts)
    negatives = _summed(_slots([row.negatives for row in rows]), starts)
    # A day whose labels were all taken back is a row of zeros, and no day with labels.
    held = (sums["tp"] + sums["fp"] + sums["tn"] + sums["fn"]) > 0
    version_id, site_id, finding_key, axis, level, reference_id = stream
    return TruthSeries(
        version_id=version_id,
        site_id=site_id,
        finding_key=finding_key,
        axis=axis,
        level=level,
        reference_id=reference_id,
        days=tuple(days[i] for i, is_held in zip(starts, held, strict=True) if is_held),
        tp=sums["tp"][held],
        fp=sums["fp"][held],
        tn=sums["tn"][held],
        fn=sums["fn"][held],
        positives=positives[held],
        negatives=negatives[held],
        claimed=sums["claimed"][held],
        claim=sums["claim_sum"][held] * MILLIONTH,
        brier=sums["brier_sum"][held] * MILLIONTH,
    )


def _starts(days: Sequence[date], told: Sequence[date | None]) -> list[int]:
    """Return where each row of a series begins, among rows ordered by day and by the day told."""
    first_of_day = [i for i, day in enumerate(days) if i == 0 or day != days[i - 1]]
    starts: list[int] = []
    for place, begin in enumerate(first_of_day):
        end = first_of_day[place + 1] if place + 1 < len(first_of_day) else len(days)
        parts = [i for i in range(begin, end) if i == begin or told[i] != told[i - 1]]
        most = (days[begin] - days[begin - 1]).days if begin else len(parts)
        many = min(most, len(parts))
        starts += [parts[-(-part * len(parts) // many)] for part in range(many)]
    return starts


def _summed(values: Counts, starts: Sequence[int]) -> Any:
    """Add up the modes of each row, which follow one another."""
    return np.add.reduceat(values, starts, axis=0)


def _slots(held: Sequence[bytes]) -> Counts:
    longest = max(map(len, held))
    empty = bytes(longest)
    joined = b"".join(each if len(each) == longest else empty for each in held)
    flat = np.frombuffer(joined, dtype=SLOT).astype(np.int64)
    return flat.reshape(len(held), longest // SLOT.itemsize)


def _column(rows: Sequence[Any], name: str) -> Counts:
    return np.fromiter(map(attrgetter(name), rows), dtype=np.int64, count=len(rows))
