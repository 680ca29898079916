"""Run the engine over a table: what it would have said, and what to expect of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path as File

import numpy as np

from surveillance.measures.histogram import Edges
from surveillance.simulation import expecting, sorting
from surveillance.simulation.accounts import Accounts
from surveillance.simulation.cases import cases
from surveillance.simulation.days import Watched, edges_of
from surveillance.simulation.errors import BadTable
from surveillance.simulation.expecting import Expected
from surveillance.simulation.histories import own
from surveillance.simulation.paths import Path, follow_all
from surveillance.simulation.question import Question
from surveillance.simulation.reading import Table, read
from surveillance.simulation.sorting import Group, Rows
from surveillance.streams.judging import Item
from vigil.kernel.errors import Fault

Told = Callable[[str], None]


@dataclass(frozen=True)
class Outlook:
    """What to expect of one version, site and finding; `note` says what it was played on."""

    group: Group
    note: str
    label_lag: float | None
    expected: Sequence[Expected]


@dataclass(frozen=True)
class Described:
    """One version, site and finding: its rows, or why they cannot be judged."""

    group: Group
    reference_rows: int
    reference_days: tuple[date, date] | None
    watched_days: tuple[date, date] | None
    fault: str | None


@dataclass(frozen=True)
class Trial:
    question: Question
    accounts: Accounts
    reference_accounts: Accounts | None
    described: Sequence[Described]
    samples: Sequence[Item]
    paths: Sequence[Path]
    outlooks: Sequence[Outlook]


def run(
    file: File,
    question: Question,
    *,
    today: date,
    reference: File | None = None,
    told: Told | None = None,
) -> Trial:
    """Run a trial.

    Args:
        file: the table.
        question: what is asked.
        today: no row can be later.
        reference: a table of its own for the reference.
        told: hears how far it is.

    Raises:
        BadTable: a table cannot be used.
    """
    tell = told or _silence
    table = read(file, question.axes)
    found = sorting.sort(table, question, today, held_out=reference is not None)
    held, accounts = _reference(reference)
    described: list[Described] = []
    ready: list[Watched] = []
    for group in found.groups:
        rows = held[1][_matching(held[0], group)] if held else group.reference
        source = held[0] if held else table
        edges, fault = _edges(source, rows)
        described.append(_described(table, group, len(rows), fault))
        if edges is not None:
            by = (edges, question.threshold, today.toordinal())
            before = cases(source, rows, *by)
            now = cases(table, group.watched, *by)
            ready.append(Watched(group, edges, before, now))
    samples = [item for one in ready for item in one.samples(table, question)]
    tell(f"{table.rows:,} rows, {len(samples)} streams")
    paths = follow_all(samples, question.among)
    asked = ready if question.grid else []
    outlooks = [_outlook(one, question, len(samples), tell) for one in asked]
    return Trial(question, found.accounts, accounts, described, samples, paths, outlooks)


def _silence(_text: str) -> None:
    """Hear nothing."""


def _reference(file: File | None) -> tuple[tuple[Table, Rows] | None, Accounts | None]:
    if file is None:
        return None, None
    table = read(file, needs_day=False)
    rows, accounts = sorting.usable(table)
    if not len(rows):
        fault = Fault("reference", "none of its rows has a score", "Give the validation set")
        raise BadTable.because([fault])
    return (table, rows), accounts


def _matching(table: Table, group: Group) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Return which usable rows are of the group, by the columns that the reference has."""
    rows, _ = sorting.usable(table)
    kept = np.ones(len(rows), dtype=bool)
    for name, value in (
        ("version", group.version),
        ("site", group.site),
        ("finding", group.finding),
    ):
        if table.has(name):
            column = table.stream[name]
            codes = [code for code, known in enumerate(column.values) if known == value]
            kept &= np.isin(column.codes[rows], codes)
    return kept


def _edges(table: Table, rows: Rows) -> tuple[Edges | None, str | None]:
    if not len(rows):
        return None, "it has no reference"
    try:
        return edges_of(table, rows), None
    except ValueError:
        return None, "the scores of its reference are all alike"


def _described(table: Table, group: Group, reference_rows: int, fault: str | None) -> Described:
    return Described(
        group, reference_rows, _days(table, group.reference), _days(table, group.watched), fault
    )


def _days(table: Table, rows: Rows) -> tuple[date, date] | None:
    if not len(rows):
        return None
    first, last = table.day[rows].min(), table.day[rows].max()
    return date.fromordinal(int(first)), date.fromordinal(int(last))


def _outlook(watched: Watched, question: Question, streams: int, told: Told) -> Outlook:
    told(f"playing years of {watched.group.site} {watched.group.finding}")
    found = own(watched)
    expected: Sequence[Expected] = ()
    if found.history is not None:
        expected = expecting.expect(
            found.history,
            among=max(question.among, streams),
            replicates=question.replicates,
            seed=question.seed,
            grid=expecting.around(question.tolerances),
        )
    return Outlook(watched.group, found.note, _label_lag(watched), expected)


def _label_lag(watched: Watched) -> float | None:
    told = watched.now.is_labelled
    if not told.any():
        return None
    return float(np.median((watched.now.label_day - watched.now.day)[told]))
