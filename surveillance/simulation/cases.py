"""Cases of a table as columns, and how they are counted by day. Pure."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.decisions.models import Decision
from surveillance.measures.histogram import Counts, Edges
from surveillance.records.bulk import GIVEN, MISSING, Numbers
from surveillance.simulation import parsing
from surveillance.simulation.reading import DECISIONS, Table
from surveillance.simulation.sorting import Rows

_FP: Final = DECISIONS.index(Decision.OVERRIDE_FP.value)
_FN: Final = DECISIONS.index(Decision.OVERRIDE_FN.value)
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Cases:
    """Some cases as columns: what a row of the table says, flags included."""

    day: Counts
    label_day: Counts
    slot: Counts
    flagged: parsing.Answers
    label: parsing.Answers
    decision: parsing.Answers
    score: NDArray[np.float64]

    def take(self, which: Any) -> "Cases":
        return Cases(*(column[which] for column in vars(self).values()))

    @property
    def is_flagged(self) -> Flags:
        return _so(self.flagged == 1)

    @property
    def is_answered(self) -> Flags:
        return _so(self.flagged >= 0)

    @property
    def is_labelled(self) -> Flags:
        return _so(self.label >= 0)

    @property
    def is_positive(self) -> Flags:
        return _so(self.label == 1)

    @property
    def is_negative(self) -> Flags:
        return _so(self.label == 0)

    @property
    def is_decided(self) -> Flags:
        return _so(self.decision >= 0)

    @property
    def is_rejected(self) -> Flags:
        """Whether a reader overrode a flag."""
        return _so(self.decision == _FP)

    @property
    def is_added(self) -> Flags:
        """Whether a reader found what was not flagged."""
        return _so(self.decision == _FN)

    @property
    def is_overridden(self) -> Flags:
        return self.is_rejected | self.is_added

    @property
    def is_probability(self) -> bool:
        """Whether every score that is a number may be one."""
        held = self.score[np.isfinite(self.score)]
        return bool(((held >= 0) & (held <= 1)).all())


def cases(table: Table, rows: Rows, edges: Edges, threshold: float | None, today: int) -> Cases:
    """Return rows as cases; a label of a day after `today` (an ordinal) has not come yet."""
    score = table.score[rows]
    state = np.where(table.score_missing[rows], MISSING, GIVEN).astype(np.int8)
    numbers = Numbers(score, state)
    flagged, is_number = table.flagged[rows], np.isfinite(score)
    if not table.has("flagged") and threshold is not None:
        flagged = np.where(is_number, score >= threshold, parsing.UNKNOWN).astype(np.int8)
    day, label_day = table.day[rows].astype(np.int64), table.label_day[rows].astype(np.int64)
    # The truth of what has no score tells neither of the area nor of what was missed.
    is_told = (label_day <= today) & is_number
    return Cases(
        day=day,
        label_day=np.maximum(day, label_day),
        slot=numbers.slots(edges).astype(np.int64),
        flagged=flagged,
        label=np.where(is_told, table.label[rows], parsing.UNKNOWN).astype(np.int8),
        decision=table.decision[rows],
        score=score.astype(np.float64),
    )


def histogram(days: Counts, day: Counts, slot: Counts, slots: int) -> Counts:
    place = np.searchsorted(days, day)
    flat = np.bincount(place * slots + slot, minlength=len(days) * slots)
    return flat.reshape(len(days), slots).astype(np.int64)


def count(days: Counts, day: Counts, which: Flags) -> Counts:
    held = np.isin(day[which], days)
    place = np.searchsorted(days, day[which][held])
    return np.bincount(place, minlength=len(days)).astype(np.int64)


def _so(found: Any) -> Flags:
    flags: Flags = found
    return flags
