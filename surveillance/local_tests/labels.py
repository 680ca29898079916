"""Read a table of labels: what is wrong with it is named line by line, and every cell is counted.

Two forms: a column for each finding, or the columns `finding` and `label`. Anything else in the
table is refused: a column of the model's scores would mean that who labelled had seen them, and a
name or a date is nobody's business here.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from surveillance.local_tests.errors import BadLabels
from vigil.kernel.errors import Fault

UNITS: Final = {"study": "study_instance_uid", "image": "sop_instance_uid"}
MAX_BYTES = 16 * 1024 * 1024
_PRESENT = frozenset({"1", "1.0", "true", "yes", "y", "present", "positive", "pos"})
_ABSENT = frozenset({"0", "0.0", "false", "no", "n", "absent", "negative", "neg"})
_UID = re.compile(r"^[0-9]+(\.[0-9]+)*$")
_LONGEST_UID = 64
_SCORES = re.compile(r"score|prob|predict|logit|confidence|flag|\bp_|model", re.IGNORECASE)
_BLIND = "Remove it: labels are made without the model's answer, and Vigil runs the model itself"


@dataclass(frozen=True)
class Label:
    line: int
    uid: str
    finding: str
    present: bool


@dataclass
class Table:
    """What was read: `cells` = labels + blank + the refused, `rows` lines of data."""

    rows: int = 0
    cells: int = 0
    blank: int = 0
    labels: list[Label] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read(data: bytes, unit: Literal["study", "image"], findings: Collection[str]) -> Table:
    """Read a table; a bad line is kept out and named, and the others count.

    Raises:
        BadLabels: it is no such table: too large, not text, or its columns are not those.
    """
    rows = csv.reader(io.StringIO(_text(data)), strict=True)
    table = Table()
    try:
        heads = [head.strip().lower() for head in next(rows, [])]
        _check_heads(heads, UNITS[unit], findings)
        for row in rows:
            if any(cell.strip() for cell in row):
                _read_row(table, heads, row, rows.line_num, UNITS[unit], findings)
    except csv.Error as error:
        fault = Fault(f"line {rows.line_num}", str(error), "Save it as comma-separated UTF-8 text")
        raise BadLabels.because([fault]) from None
    return table


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        fault = Fault("labels", f"larger than {MAX_BYTES // 1024 // 1024} MB", "Split the table")
        raise BadLabels.because([fault])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        fault = Fault("labels", "not UTF-8 text", "Save it as comma-separated UTF-8 text")
        raise BadLabels.because([fault]) from None
    # A NUL ends the csv module's patience, and is no text.
    return text.replace("\0", "\ufffd")


def _check_heads(heads: Sequence[str], uid: str, findings: Collection[str]) -> None:
    """Go on only if the columns are the UID's and the findings', in one of the two forms."""
    long_form = "finding" in heads or "label" in heads
    wanted = ("finding", "label") if long_form else tuple(findings)
    faults = []
    if uid not in heads:
        faults.append(
            Fault(uid, "no such column", f"The plan says that a label is of a {_of(uid)}")
        )
    if long_form and not {"finding", "label"} <= {*heads}:
        faults.append(Fault("finding, label", "one of the two is missing", "Give both columns"))
    if not long_form and not {*heads} & {*findings}:
        faults.append(Fault("findings", "no column of any", f"Name one {', '.join(findings)}"))
    for head in heads:
        if heads.count(head) > 1:
            faults.append(Fault(head or "(no name)", "the column is there twice", "Keep one"))
        elif head not in {uid, *wanted}:
            remedy = _BLIND if _SCORES.search(head) else "Remove it, or correct its name"
            problem = "it looks like the model's answer" if remedy is _BLIND else "unknown column"
            faults.append(Fault(head or "(no name)", problem, remedy))
    if faults:
        raise BadLabels.because(list(dict.fromkeys(faults)))


def _of(uid: str) -> str:
    return next(unit for unit, name in UNITS.items() if name == uid)


def _read_row(
    table: Table,
    heads: Sequence[str],
    row: Sequence[str],
    line: int,
    uid: str,
    findings: Collection[str],
) -> None:
    table.rows += 1
    given = [cell.strip() for cell in row] + [""] * len(heads)
    named = dict(zip(heads, given, strict=False))
    cells = list(_cells(named, findings))
    table.cells += len(cells)
    fault = _fault_of_row(heads, row, named.get(uid, ""), line)
    if fault is not None:
        table.faults += [fault] * max(1, len(cells))
        table.cells += 0 if cells else 1
        return
    for finding, value in cells:
        _read_cell(table, Label(line, named[uid], finding, present=False), value, findings)


def _cells(named: dict[str, str], findings: Collection[str]) -> Iterator[tuple[str, str]]:
    if "finding" in named:
        yield named["finding"].lower(), named.get("label", "")
        return
    yield from ((key, named[key]) for key in findings if key in named)


def _fault_of_row(heads: Sequence[str], row: Sequence[str], uid: str, line: int) -> Fault | None:
    if len(row) != len(heads):
        problem = f"{len(row)} cells under {len(heads)} columns"
        return Fault(f"line {line}", problem, "Give each column one cell")
    if not _UID.fullmatch(uid) or len(uid) > _LONGEST_UID:
        return Fault(f"line {line}", "the UID is none", "Write digits and points, as DICOM does")
    return None


def _read_cell(table: Table, label: Label, value: str, findings: Collection[str]) -> None:
    place = f"line {label.line}, {label.finding}"
    word = value.lower()
    if label.finding not in findings:
        remedy = f"Use one of {', '.join(findings)}"
        table.faults.append(Fault(f"line {label.line}", "not a finding of the plan", remedy))
    elif not word:
        table.blank += 1
    elif word in _PRESENT or word in _ABSENT:
        present = word in _PRESENT
        table.labels.append(Label(label.line, label.uid, label.finding, present))
    else:
        remedy = "Write 1 or 0; leave the cell empty where nobody can tell"
        table.faults.append(Fault(place, "neither present nor absent", remedy))
