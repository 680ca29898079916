"""Say of each row what becomes of it, and which are each stream's reference. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from surveillance.simulation import parsing
from surveillance.simulation.accounts import Accounts, Reason
from surveillance.simulation.question import Question
from surveillance.simulation.reading import Table

USUAL_REFERENCE: Final = 5000
_JUMP: Final = 366
_REASONS: Final = tuple(Reason)
_UNDECIDED: Final = -1
_COUNTED: Final = (
    _UNDECIDED,
    *(map(_REASONS.index, (Reason.NO_SCORE, Reason.NOT_A_NUMBER, Reason.INFINITE))),
)
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Group:
    """The rows of one version, site and finding, each by its day.

    Among those watched are rows without a number for a score: they are counted as missing or
    invalid, as the engine counts them, and each keeps its own reason in the accounts.
    """

    version: str
    site: str
    finding: str
    reference: Rows
    watched: Rows


@dataclass(frozen=True)
class Sorted:
    groups: list[Group]
    accounts: Accounts


def sort(table: Table, question: Question, today: date, held_out: bool) -> Sorted:
    """Divide the rows.

    Args:
        table: the table.
        question: says how many rows are the reference.
        today: no row can be later.
        held_out: whether the reference is another table: then every row is watched.
    """
    of = _unusable(table, today)
    groups = []
    for names, rows in _streams(table, np.flatnonzero(np.isin(of, _COUNTED))):
        scored = rows[of[rows] == _UNDECIDED]
        reference, begins = _reference(table, question, scored, held_out)
        watched, rest = rows[table.day[rows] >= begins], scored[len(reference) :]
        is_watched = table.day[rest] >= begins
        for reason, some in (
            (Reason.REFERENCE, reference),
            (Reason.WATCHED, rest[is_watched]),
            (Reason.BEFORE, rest[~is_watched]),
        ):
            of[some] = _REASONS.index(reason)
        groups.append(Group(*names, reference, watched))
    accounts = Accounts(table.rows)
    for place, reason in enumerate(_REASONS):
        accounts.add(reason, int((of == place).sum()))
    accounts.notes.extend(_notes(table, of, today))
    return Sorted(groups, accounts)


def usable(table: Table) -> tuple[Rows, Accounts]:
    """Return the rows of a table that is a reference: days do not matter."""
    of = np.full(table.rows, _UNDECIDED)
    _mark_scores(table, of)
    _mark_repeated(table, of)
    rows = np.flatnonzero(of == _UNDECIDED)
    of[rows] = _REASONS.index(Reason.REFERENCE)
    accounts = Accounts(table.rows)
    for place, reason in enumerate(_REASONS):
        accounts.add(reason, int((of == place).sum()))
    return rows, accounts


def _unusable(table: Table, today: date) -> NDArray[np.int_]:
    of = np.full(table.rows, _UNDECIDED)
    _mark(of, table.day == parsing.NO_DAY, Reason.NO_DAY)
    _mark(of, table.day > today.toordinal(), Reason.FUTURE)
    _mark(of, _is_jump(table.day, of == _UNDECIDED), Reason.CLOCK_JUMP)
    _mark_repeated(table, of)
    _mark_scores(table, of)
    return of


def _mark_scores(table: Table, of: NDArray[np.int_]) -> None:
    _mark(of, table.score_missing, Reason.NO_SCORE)
    _mark(of, np.isnan(table.score), Reason.NOT_A_NUMBER)
    _mark(of, np.isinf(table.score), Reason.INFINITE)


def _mark_repeated(table: Table, of: NDArray[np.int_]) -> None:
    """Mark all but the first of an id; a study has one row for each version and finding.

    One that has a score goes before one that has none.
    """
    if table.ids is None:
        return
    rows = np.flatnonzero(of == _UNDECIDED)
    rows = rows[np.argsort(~np.isfinite(table.score[rows]), kind="stable")]
    whole = table.ids[rows].astype(np.int64)
    for column in table.stream.values():
        whole = whole * len(column.values) + column.codes[rows]
    _, first = np.unique(whole, return_index=True)
    again = np.ones(len(rows), dtype=bool)
    again[first] = False
    of[rows[again]] = _REASONS.index(Reason.REPEATED)


def _mark(of: NDArray[np.int_], where: NDArray[np.bool_], reason: Reason) -> None:
    of[(of == _UNDECIDED) & where] = _REASONS.index(reason)


def _is_jump(day: parsing.Days, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rows more than a year away from where most are: a clock that was set wrong."""
    known, counts = np.unique(day[there], return_counts=True)
    if len(known) < 2:  # noqa: PLR2004 - a jump is between two
        return np.zeros(len(day), dtype=bool)
    part = np.concatenate([[0], np.cumsum(np.diff(known) > _JUMP)])
    largest = np.argmax(np.bincount(part, weights=counts))
    kept = known[part == largest]
    found: NDArray[np.bool_] = there & ((day < kept[0]) | (day > kept[-1]))
    return found


def _streams(table: Table, rows: Rows) -> Iterator[tuple[tuple[str, str, str], Rows]]:
    """Yield the rows of each stream by day, in the order of the file within a day."""
    columns = [table.stream[name] for name in ("version", "site", "finding")]
    code = np.zeros(len(rows), dtype=np.int64)
    for column in columns:
        code = code * len(column.values) + column.codes[rows]
    order = np.lexsort((table.day[rows], code))
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    for held in np.split(rows[order], starts[1:]) if len(rows) else ():
        version, site, finding = (column.values[column.codes[held[0]]] for column in columns)
        yield (version, site, finding), held


def _reference(table: Table, question: Question, scored: Rows, held_out: bool) -> tuple[Rows, int]:
    """Return the rows of the reference, and the first day that is watched."""
    begins = question.from_day.toordinal() if question.from_day else 0
    if held_out:
        return scored[:0], begins
    size = question.reference_rows or min(USUAL_REFERENCE, len(scored) // 3)
    reference = scored[:size]
    # The day the reference ends on is half looked at already.
    last = int(table.day[reference[-1]]) if len(reference) else 0
    return reference, max(begins, last + 1)


def _notes(table: Table, of: NDArray[np.int_], today: date) -> list[str]:
    kept = np.isin(of, [_REASONS.index(Reason.REFERENCE), _REASONS.index(Reason.WATCHED)])
    ordered = table.day[of != _REASONS.index(Reason.NO_DAY)]
    early = (table.label_day != parsing.NO_DAY) & (table.label_day < table.day)
    found = {
        "out of order in the file: used by their day": int((np.diff(ordered) < 0).sum()),
        "with a decision that is not one of agree_pos, agree_neg, override_fp, override_fn: "
        "the decision is not counted": int((kept & (table.decision == parsing.UNREAD)).sum()),
        "with a flag that is neither yes nor no: the flag is not counted": int(
            (kept & (table.flagged == parsing.UNREAD)).sum()
        ),
        "with a label that is neither yes nor no: the label is not counted": int(
            (kept & (table.label == parsing.UNREAD)).sum()
        ),
        "with a label day not come yet: the label is not counted": int(
            (kept & (table.label >= 0) & (table.label_day > today.toordinal())).sum()
        ),
        "labelled before their day: counted on their day": int((kept & early).sum()),
    }
    notes = [
        f"{rows:,} {'row' if rows == 1 else 'rows'} {what}" for what, rows in found.items() if rows
    ]
    if table.chosen.ignored:
        notes.append(f"columns not read: {', '.join(table.chosen.ignored[:20])}")
    return notes
