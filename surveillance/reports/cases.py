"""The cases that a report draws, as one table of columns for now and one for the reference. Pure.

A row of now is one run; its findings, numbers and groups are columns. The references of several
findings are of different cases, so the reference is columns of unequal length.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from surveillance.axes import AXES, UNKNOWN, is_cross
from surveillance.references.cases import Columns

Column = list[Any]
SCORE, TRUTH = "score", "truth"


class RunRow(NamedTuple):
    """A run as it was recorded."""

    pseudonym: str
    outcome: str
    attributes: Mapping[str, str]
    features: Mapping[str, float | None] | None


class FindingRow(NamedTuple):
    pseudonym: str
    finding_key: str
    score: float | None
    flagged: bool | None
    truth: bool | None


@dataclass(frozen=True)
class Cases:
    """Scores, truths and numbers by what they are of; groups by axis.

    Attributes:
        no_numbers: how many values of each column were no finite number, and count as missing.
    """

    scores: dict[str, Column] = field(default_factory=dict)
    flags: dict[str, Column] = field(default_factory=dict)
    truths: dict[str, Column] = field(default_factory=dict)
    features: dict[str, Column] = field(default_factory=dict)
    groups: dict[str, Column] = field(default_factory=dict)
    no_numbers: dict[str, int] = field(default_factory=dict)


def of_records(
    runs: Sequence[RunRow], findings: Iterable[FindingRow], axes: Sequence[str] = AXES
) -> Cases:
    """Put each run's findings, numbers and groups into its row; what is not there is None."""
    place = {run.pseudonym: row for row, run in enumerate(runs)}
    found = Cases()
    for row in findings:
        at = place.get(row.pseudonym)
        if at is None:
            continue
        _column(found.scores, row.finding_key, len(runs))[at] = row.score
        _column(found.flags, row.finding_key, len(runs))[at] = row.flagged
        _column(found.truths, row.finding_key, len(runs))[at] = row.truth
    for at, run in enumerate(runs):
        for name, value in (run.features or {}).items():
            _column(found.features, name, len(runs))[at] = value
    for axis in axes:
        if is_cross(axis) and not any(axis in run.attributes for run in runs):
            continue  # another version's
        found.groups[axis] = [run.attributes.get(axis, UNKNOWN) for run in runs]
    return _finite(found)


def of_references(frozen: Mapping[str, Columns], features: Mapping[str, Columns]) -> Cases:
    """Put the frozen cases of each finding's, and each number's, reference side by side.

    The groups are those of the first finding that has a reference: of one set of cases, not of
    several that overlap.
    """
    found = Cases()
    for key, table in frozen.items():
        found.scores[key] = list(table[SCORE])
        found.truths[key] = list(table.get(TRUTH, [None] * len(table[SCORE])))
    for name, table in features.items():
        found.features[name] = list(table[SCORE])
    for table in list(frozen.values())[:1]:
        found.groups.update(
            {axis: list(table[axis]) for axis in table if axis in AXES or is_cross(axis)}
        )
    return _finite(found)


def sampled(table: Columns, most: int) -> Columns:
    """Return every k-th case, so that no more than `most` are drawn."""
    step = max(1, -(-len(table.get(SCORE, ())) // most))
    return {name: values[::step] for name, values in table.items()}


def _column(table: dict[str, Column], name: str, rows: int) -> Column:
    if name not in table:
        table[name] = [None] * rows
    return table[name]


def _finite(found: Cases) -> Cases:
    """Replace what is no finite number by None, and say of which columns how many."""
    for prefix, table in ((f"{SCORE} ", found.scores), ("", found.features)):
        for name, values in table.items():
            wrong = [at for at, value in enumerate(values) if not _is_number_or_none(value)]
            for at in wrong:
                values[at] = None
            if wrong:
                found.no_numbers[f"{prefix}{name}"] = len(wrong)
    return found


def _is_number_or_none(value: Any) -> bool:
    if value is None:
        return True
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)
