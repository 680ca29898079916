"""The cases behind a reference: scores with their groups, without any person or date."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from surveillance.axes import AXES, UNKNOWN, crossed
from vigil.kernel.errors import Fault, Invalid


@dataclass(frozen=True)
class Case:
    score: float
    flagged: bool
    levels: Mapping[str, str] = field(default_factory=dict)
    truth: bool | None = None


Columns = dict[str, list[float | bool | str | None]]
_TRUTHS: Mapping[str, bool | None] = {"1": True, "0": False, "": None}


def columns(cases: Sequence[Case]) -> Columns:
    """Return the cases as columns: the form that a report reads."""
    table: Columns = {
        "score": [case.score for case in cases],
        "flagged": [case.flagged for case in cases],
    }
    named = sorted({axis for case in cases for axis in case.levels} - {*AXES})
    for axis in (*AXES, *named):
        table[axis] = [case.levels.get(axis, UNKNOWN) for case in cases]
    if any(case.truth is not None for case in cases):
        table["truth"] = [case.truth for case in cases]
    return table


def to_bytes(cases: Sequence[Case]) -> bytes:
    return json.dumps(columns(cases), sort_keys=True, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> Columns:
    table: Columns = json.loads(data)
    return table


def read_csv(text: str, threshold: float, score_column: str = "score") -> list[Case]:
    """Read cases from a table with a header: a score and, optionally, the axes and `truth` (1, 0).

    Raises:
        Invalid: the score column is missing, or a score or truth is wrong; the line is named.
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
    known = {axis: row.get(axis) or UNKNOWN for axis in AXES}
    levels = crossed(known) | {axis: row[axis] for axis in AXES if row.get(axis)}
    return Case(score, score >= threshold, levels, _truth(row.get("truth"), line))


def _truth(text: str | None, line: int) -> bool | None:
    held = (text or "").strip()
    if held not in _TRUTHS:
        fault = Fault(f"line {line}", "the truth is neither 1 nor 0", "Leave it empty if not known")
        raise Invalid.because([fault])
    return _TRUTHS[held]
