"""The cases behind a reference: scores with their groups, without any person or date."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from surveillance.axes import AXES, UNKNOWN
from vigil.kernel.errors import Fault, Invalid


@dataclass(frozen=True)
class Case:
    score: float
    flagged: bool
    levels: Mapping[str, str] = field(default_factory=dict)


Columns = dict[str, list[float | bool | str | None]]


def columns(cases: Sequence[Case]) -> Columns:
    """Return the cases as columns: the form that a report reads."""
    table: Columns = {
        "score": [case.score for case in cases],
        "flagged": [case.flagged for case in cases],
    }
    for axis in AXES:
        table[axis] = [case.levels.get(axis, UNKNOWN) for case in cases]
    return table


def to_bytes(cases: Sequence[Case]) -> bytes:
    return json.dumps(columns(cases), sort_keys=True, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> Columns:
    table: Columns = json.loads(data)
    return table


def read_csv(text: str, threshold: float, score_column: str = "score") -> list[Case]:
    """Read cases from a table with a header: a score column and, optionally, those of the axes.

    Raises:
        Invalid: the score column is missing, or a score is no number; the line is named.
    """
    reader = csv.DictReader(io.StringIO(text))
    if score_column not in (reader.fieldnames or ()):
        raise Invalid.because([Fault(score_column, "no such column", "Name the score's column")])
    return [_case(row, score_column, threshold, line) for line, row in enumerate(reader, start=2)]


def _case(row: Mapping[str, str], score_column: str, threshold: float, line: int) -> Case:
    try:
        score = float(row[score_column])
    except ValueError:
        fault = Fault(f"line {line}", "the score is no number", "Write it as 0.5")
        raise Invalid.because([fault]) from None
    levels = {axis: row.get(axis) or UNKNOWN for axis in AXES}
    return Case(score, score >= threshold, levels)
