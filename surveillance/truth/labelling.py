"""Keep what a table of labels says, and let every version's record of the study count it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from surveillance.records.models import PredictionRecord
from surveillance.records.pseudonyms import Pseudonyms
from surveillance.records.service import Correction
from surveillance.truth import repository
from surveillance.truth.books import Studies
from surveillance.truth.intake import Sent, Verdicts
from surveillance.truth.judging import Book, Statement, judge, read
from surveillance.truth.lines import UID, Line
from surveillance.truth.models import ReferenceStandard
from surveillance.truth.standing import Told
from surveillance.truth.verdicts import Verdict
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.keys import Keys

Subject = tuple[str, str]


@dataclass(frozen=True)
class Labelling:
    """Judges the lines of a batch, and writes what they change."""

    session: WriteSession
    actor: Actor
    keys: Keys
    sent: Sent

    def __call__(self, batch_id: str, lines: Sequence[Line]) -> Verdicts:
        site_id = self.sent.site_id
        names = Pseudonyms(self.keys)
        studies = Studies(self.session, names, site_id, (line[UID] for line in lines))
        findings = repository.finding_keys(self.session, site_id)
        today = self.session.now().date()
        read_lines = {line.number: read(line, studies.by_uid, findings, today) for line in lines}
        found = {number: one for number, one in read_lines.items() if isinstance(one, Verdict)}
        statements = [one for one in read_lines.values() if isinstance(one, Statement)]
        shelf = _Shelf(self.session, site_id, studies.pseudonyms)
        found |= judge(statements, shelf.book_of)
        self._keep(batch_id, shelf)
        self._count(shelf, studies.records)
        return found

    def _keep(self, batch_id: str, shelf: "_Shelf") -> None:
        """Write what is new in the books, and which label of each stands now."""
        session, now = self.session, self.session.now()
        for (pseudonym, key), book in shelf.books.items():
            rows = shelf.rows[pseudonym, key]
            before = next((row for row in rows if row.standing), None)
            for told in book.history[len(rows) :]:
                rows.append(
                    ReferenceStandard(
                        id=session.new_id("rfs"),
                        site_id=self.sent.site_id,
                        study_pseudonym=pseudonym,
                        finding_key=key,
                        present=told.present,
                        source=self.sent.source,
                        label_day=told.day,
                        batch_id=batch_id,
                        recorded_by=self.actor.id,
                        recorded_at=now,
                        supersedes_id=before.id if before else None,
                        standing=False,
                    )
                )
            shelf.stands[pseudonym, key] = standing_row(book, rows)
        # One stands at a time, so the former steps down before the new one is set.
        changed = {
            subject: stands
            for subject, stands in shelf.stands.items()
            if stands is not None and not stands.standing
        }
        for subject, rows in shelf.rows.items():
            for row in rows if subject in changed else ():
                row.standing = False
            session.add_all(rows)
        session.flush()
        for stands in changed.values():
            stands.standing = True
        session.flush()

    def _count(self, shelf: "_Shelf", records: Mapping[str, list[PredictionRecord]]) -> None:
        wanted = [
            (record, row)
            for (pseudonym, key), row in shelf.stands.items()
            for record in records.get(pseudonym, ())
            if record.finding_key == key and row is not None
        ]
        apply(self.session, wanted)


def apply(
    session: WriteSession, wanted: Sequence[tuple[PredictionRecord, ReferenceStandard]]
) -> int:
    """Let records count the labels that stand; return how many records that changes."""
    changed = [(record, row) for record, row in wanted if _differs(record, row)]
    with Correction(session, [record for record, _ in changed], of_labels=True):
        for record, row in changed:
            record.truth_known_day = _known_day(session, record, row)
            record.truth = row.present
            record.label_day = None if row.present is None else row.label_day
            session.add(record)
    return len(changed)


def _known_day(
    session: WriteSession, record: PredictionRecord, row: ReferenceStandard
) -> date | None:
    """Return the day that alarms count a label on: none that may have been looked at.

    What a record knew already it knows since then, whatever is said of its day.
    """
    if row.present is None:
        return None
    if record.truth is row.present and record.truth_known_day is not None:
        return record.truth_known_day
    return max(row.label_day, session.now().date())


def _differs(record: PredictionRecord, row: ReferenceStandard) -> bool:
    day = None if row.present is None else row.label_day
    return (record.truth, record.label_day) != (row.present, day)


def standing_row(book: Book, rows: Sequence[ReferenceStandard]) -> ReferenceStandard | None:
    held = book.standing
    return None if held is None else rows[held.at]


class _Shelf:
    """The books of the studies that a batch speaks of."""

    def __init__(self, session: WriteSession, site_id: str, pseudonyms: Sequence[str]) -> None:
        self._kept: dict[Subject, list[ReferenceStandard]] = defaultdict(list)
        for row in repository.labels(session, site_id, pseudonyms):
            self._kept[row.study_pseudonym, row.finding_key].append(row)
        self.books: dict[Subject, Book] = {}
        self.rows: dict[Subject, list[ReferenceStandard]] = {}
        self.stands: dict[Subject, ReferenceStandard | None] = {}

    def book_of(self, one: Statement) -> Book:
        if one.subject not in self.books:
            rows = self.rows[one.subject] = list(self._kept.get(one.subject, ()))
            told = [Told(row.present, row.label_day, at) for at, row in enumerate(rows)]
            self.books[one.subject] = Book(told, one.finding in one.study.judged)
        return self.books[one.subject]
