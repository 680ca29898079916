"""Record what runs came to, exactly once, and keep the daily counts equal to the records.

A record and its change of the counts commit together; the record's unique key is what makes a
repeated task change nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.axes import crossed
from surveillance.crosses import service as crosses
from surveillance.records import repository, turns
from surveillance.records.bulk import fold
from surveillance.records.errors import UnknownRecord
from surveillance.records.facts import FindingFacts, RunFacts
from surveillance.records.folding import Change, Counted, changes, merged, truth_changes
from surveillance.records.frozen import FrozenOnDay
from surveillance.records.models import WHOLE_RUN, PredictionRecord
from surveillance.records.pseudonyms import Pseudonyms
from surveillance.records.repository import Scope
from surveillance.records.scan import pieces
from surveillance.records.sums import LABELLED, PREDICTIONS
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.keys import Keys


class Row(NamedTuple):
    """A new record, before it is in its table."""

    id: str
    run_pseudonym: str
    supersedes_pseudonym: str | None
    superseded: bool
    patient_pseudonym: str
    study_pseudonym: str | None
    version_id: str
    site_id: str
    deployment_id: str
    mode: RunMode
    day: date
    exam_day: date
    finding_key: str
    outcome: Outcome
    score: float | None
    flagged: bool | None
    attributes: dict[str, str]
    features: dict[str, float | None] | None
    decision: Decision | None
    decision_known_day: date | None
    truth: bool | None = None
    label_day: date | None = None
    truth_known_day: date | None = None


def record_run(session: WriteSession, keys: Keys, facts: RunFacts) -> int:
    """Record a run and its findings; return how many rows are new (none, if it was recorded)."""
    return record_runs(session, keys, [facts])


def record_runs(session: WriteSession, keys: Keys, many: Iterable[RunFacts]) -> int:
    """Record runs together, which costs each of them less; return how many rows are new."""
    names = Pseudonyms(keys)
    asked = {facts.run_id: facts for facts in many}
    turns.of_studies(session, (_turn(keys, facts) for facts in asked.values()))
    turns.counting(session, {facts.version_id for facts in asked.values()})
    new, overtaken = _unrecorded(session, names, list(asked.values()))
    named = crosses.of_versions(session, {facts.version_id for facts in new}) if new else {}
    rows = [
        row
        for facts in new
        for row in _rows(
            session,
            names,
            facts,
            superseded=facts.run_id in overtaken,
            named=named[facts.version_id],
        )
    ]
    if rows:
        repository.insert(session, [row._asdict() for row in rows])
        _fold(session, given=rows, taken=_superseded(session, names, new))
    return len(rows)


def _turn(keys: Keys, facts: RunFacts) -> str:
    """Return what a run shares with those that it must not miss."""
    return study_pseudonym(keys, facts) or facts.supersedes_run_id or facts.run_id


def study_pseudonym(keys: Keys, facts: RunFacts) -> str | None:
    """Return what stands for a run's study: the same for every version, in the exam's year."""
    if facts.study_instance_uid is None:
        return None
    return Pseudonyms(keys).of(facts.study_instance_uid, facts.exam_day or facts.day)


def set_decisions(
    session: WriteSession,
    keys: Keys,
    run_id: str,
    decisions: Mapping[str, Decision],
    day: date | None = None,
) -> int:
    """Note what readers last said of a run's findings; return how many findings that changes.

    The counts get the difference: what an earlier decision had added is taken back. What alarms
    are made of counts it today, whatever day its case is of. Without the run's `day` it is looked
    for in this year and the one before.

    Raises:
        UnknownRecord: the run was not recorded yet.
    """
    this = session.now().date().year
    years = (this, this - 1) if day is None else (day.year,)
    rows = _to_change(session, Pseudonyms(keys).any_of(run_id, years))
    if not rows:
        raise UnknownRecord("The run was not recorded yet.")
    changed = [row for row in rows if row.decision != decisions.get(row.finding_key, row.decision)]
    with Correction(session, changed):
        for row in changed:
            row.decision = decisions[row.finding_key]
            row.decision_known_day = session.now().date()
            session.add(row)
    return len(changed)


def set_numbers(
    session: WriteSession, keys: Keys, run_id: str, numbers: Mapping[str, float | None], day: date
) -> bool:
    """Note numbers of a run that came after its record; return whether that changes any."""
    rows = _to_change(session, Pseudonyms(keys).any_of(run_id, (day.year,)))
    changed = [
        row for row in rows if row.finding_key == WHOLE_RUN and _with(row, numbers) != row.features
    ]
    with Correction(session, changed):
        for row in changed:
            row.features = _with(row, numbers)
            session.add(row)
    return bool(changed)


def _to_change(session: WriteSession, pseudonyms: Sequence[str]) -> Sequence[PredictionRecord]:
    turns.of_studies(session, repository.studies_of_runs(session, pseudonyms))
    return repository.of_runs(session, pseudonyms)


def _with(row: PredictionRecord, numbers: Mapping[str, float | None]) -> dict[str, float | None]:
    return {**(row.features or {}), **numbers}


@dataclass
class Correction:
    """Changes records within its block: the counts get the difference when it ends.

    The records must have been read to be changed (`repository.to_change`): what another
    transaction changed meanwhile would be taken back as it was before. `of_labels` says that
    nothing but labels changes, which spares the other counts.
    """

    session: WriteSession
    rows: Sequence[PredictionRecord]
    of_labels: bool = False

    def __enter__(self) -> None:
        turns.counting(self.session, {row.version_id for row in self.rows})
        self._frozen = FrozenOnDay(self.session)
        self._taken = self._changes(sign=-1)

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None and self.rows:
            self.session.flush()
            _add(self.session, self._taken, self._changes())

    def _changes(self, sign: int = 1) -> "Changed":
        predictions, labelled = _changes_of(self.rows, self._frozen, sign)
        return ([] if self.of_labels else predictions), labelled


def rebuild(session: WriteSession, scope: Scope) -> int:
    """Make the daily counts in scope anew from the records; return how many rows there are then."""
    session.flush()
    turns.recounting(session, scope.version_id)
    repository.remove_aggregates(session, scope)
    frozen = FrozenOnDay(session)
    made: set[str] = set()
    for piece in pieces(session, scope):
        for folded in fold(piece, frozen):
            for sums, many in ((PREDICTIONS, folded.predictions), (LABELLED, folded.labelled)):
                # A record, its exam and its label have days of their own: not all are in scope.
                kept = merged(one for one in many if scope.has_day(one.cell.day))
                sums.add(session, kept, made)
    return repository.count_aggregates(session, scope)


Changed = tuple[list[Change], list[Change]]


def _fold(session: WriteSession, given: Sequence[Counted], taken: list[PredictionRecord]) -> None:
    frozen = FrozenOnDay(session)
    back = _changes_of(taken, frozen, sign=-1)
    for row in taken:
        row.superseded = True
        session.add(row)
    _add(session, back, _changes_of(given, frozen))


def _changes_of(rows: Iterable[Counted], frozen: FrozenOnDay, sign: int = 1) -> Changed:
    predictions: list[Change] = []
    labelled: list[Change] = []
    for row in rows:
        predictions += changes(row, frozen, sign)
        labelled += truth_changes(row, frozen, sign)
    return predictions, labelled


def _add(session: WriteSession, *of: Changed) -> None:
    for sums, many in (
        (PREDICTIONS, [each[0] for each in of]),
        (LABELLED, [each[1] for each in of]),
    ):
        together = merged(change for each in many for change in each)
        if together:
            sums.add(session, together)


def _unrecorded(
    session: ReadSession, names: Pseudonyms, asked: Sequence[RunFacts]
) -> tuple[list[RunFacts], set[str]]:
    """Return the runs that are new, and which runs a later one superseded before they came."""
    # A run is superseded in its own year or the next.
    tried = [
        (facts, names.any_of(facts.run_id, (facts.day.year, facts.day.year + 1))) for facts in asked
    ]
    recorded, superseding = repository.seen(session, [name for _, each in tried for name in each])
    new = [facts for facts, each in tried if recorded.isdisjoint(each)]
    overtaken = {facts.run_id for facts, each in tried if not superseding.isdisjoint(each)}
    return new, overtaken | {facts.supersedes_run_id for facts in new if facts.supersedes_run_id}


def _superseded(
    session: WriteSession, names: Pseudonyms, new: Sequence[RunFacts]
) -> list[PredictionRecord]:
    """Return the records that these runs take the place of: a study counts once."""
    tried = [
        name
        for facts in new
        if facts.supersedes_run_id
        for name in names.any_of(facts.supersedes_run_id, (facts.day.year, facts.day.year - 1))
    ]
    rows = repository.of_runs(session, tried) if tried else ()
    return [row for row in rows if not row.superseded]


def _rows(
    session: WriteSession,
    names: Pseudonyms,
    facts: RunFacts,
    *,
    superseded: bool,
    named: Sequence[str],
) -> list[Row]:
    """Return the row of a run, and one for each of its findings: its pseudonyms are made once."""
    exam_day = facts.exam_day or facts.day
    before = facts.supersedes_run_id
    whole = Row(
        id=session.new_id("rec"),
        run_pseudonym=names.of(facts.run_id, facts.day),
        supersedes_pseudonym=names.of(before, facts.day) if before else None,
        superseded=superseded,
        patient_pseudonym=names.of(facts.patient_pseudonym, exam_day),
        study_pseudonym=study_pseudonym(names.keys, facts),
        version_id=facts.version_id,
        site_id=facts.site_id,
        deployment_id=facts.deployment_id,
        mode=facts.mode,
        day=facts.day,
        exam_day=exam_day,
        finding_key=WHOLE_RUN,
        outcome=facts.outcome,
        score=None,
        flagged=None,
        attributes=crossed(facts.levels, named) if named else dict(facts.levels),
        features=dict(facts.features) or None,
        decision=None,
        decision_known_day=None,
    )
    return [whole, *(_of_finding(session, whole, finding, named) for finding in facts.findings)]


def _of_finding(
    session: WriteSession, whole: Row, finding: FindingFacts, named: Sequence[str]
) -> Row:
    return whole._replace(
        id=session.new_id("rec"),
        finding_key=finding.key,
        score=finding.score,
        flagged=finding.flagged,
        attributes=crossed(finding.levels, named) if named else dict(finding.levels),
        features=None,
        decision=finding.decision,
        decision_known_day=(finding.decision_known_day or whole.day) if finding.decision else None,
    )
