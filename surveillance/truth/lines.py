"""Read a table that a site sends: one line a statement, kept as text until it is judged."""

import csv
import hashlib
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from surveillance.truth.errors import BadTable
from vigil.kernel.errors import Fault

UID = "study_instance_uid"
MAX_BYTES = 16 * 1024 * 1024
MAX_LINES = 50_000


@dataclass(frozen=True)
class Line:
    """`number` is the line of the file, or the place in a list that was sent, from 1."""

    number: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "").strip()


def read_csv(data: bytes, needed: Collection[str], possible: Collection[str]) -> list[Line]:
    """Read a table with a header.

    Raises:
        BadTable: it is none, or its columns are not those.
    """
    if len(data) > MAX_BYTES:
        raise _bad("table", f"larger than {MAX_BYTES // 1024 // 1024} MB", "Split it")
    try:
        text = data.decode("utf-8-sig").replace("\0", "\ufffd")
    except UnicodeDecodeError:
        raise _bad("table", "not UTF-8 text", "Save it as comma-separated UTF-8 text") from None
    rows = csv.reader(io.StringIO(text), strict=True)
    try:
        heads = [head.strip().lower() for head in next(rows, [])]
        _check(heads, needed, possible)
        lines = [
            Line(rows.line_num, dict(zip(heads, row, strict=False)))
            for row in rows
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        remedy = "Save it as comma-separated UTF-8 text"
        raise _bad(f"line {rows.line_num}", str(error), remedy) from None
    return limited(lines)


def limited(lines: list[Line]) -> list[Line]:
    if len(lines) > MAX_LINES:
        raise _bad("table", f"{len(lines)} lines", f"Send at most {MAX_LINES} at once")
    return lines


def digest(kind: str, site_id: str, lines: Sequence[Line]) -> str:
    """Return what tells this content from any other, whichever way it was sent."""
    rows = [sorted((name, value.strip()) for name, value in line.values.items()) for line in lines]
    text = json.dumps([kind, site_id, rows], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _check(heads: Sequence[str], needed: Collection[str], possible: Collection[str]) -> None:
    faults = [Fault(name, "no such column", "Add it") for name in needed if name not in heads] + [
        Fault(name or "(no name)", "unknown column", f"Use {', '.join([*needed, *possible])}")
        for name in heads
        if name not in {*needed, *possible}
    ]
    faults += [
        Fault(name, "the column is there twice", "Keep one")
        for name in dict.fromkeys(heads)
        if heads.count(name) > 1
    ]
    if faults:
        raise BadTable.because(faults)


def _bad(field: str, problem: str, remedy: str) -> BadTable:
    return BadTable.because([Fault(field, problem, remedy)])
