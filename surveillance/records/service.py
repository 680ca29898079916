"""Record what runs came to, exactly once, and keep the daily counts equal to the records.

A record and its change of the counts commit together; the record's unique key is what makes a
repeated task change nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from inference.decisions.models import Decision
from surveillance.measures.histogram import Edges
from surveillance.records import repository
from surveillance.records.errors import UnknownRecord
from surveillance.records.facts import FindingFacts, RunFacts
from surveillance.records.folding import Frozen, changes, merged
from surveillance.records.models import WHOLE_RUN, PredictionRecord
from surveillance.records.repository import Scope
from surveillance.references import service as references
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.keys import Keys

PURPOSE = "surveillance"


def pseudonym(keys: Keys, identifier: str) -> str:
    """Return what stands for a run or a patient here: another one than anywhere else in Vigil."""
    return keys.pseudonym(PURPOSE, identifier)


def record_run(session: WriteSession, keys: Keys, facts: RunFacts) -> int:
    """Record a run and its findings; return how many rows are new (none, if it was recorded)."""
    run = pseudonym(keys, facts.run_id)
    is_recorded, superseded = repository.known(session, run)
    if is_recorded:
        return 0
    rows = [
        _row(session, keys, facts, finding, superseded=superseded)
        for finding in (None, *facts.findings)
    ]
    session.add_all(rows)
    if facts.supersedes_run_id is not None:
        _withdraw(session, pseudonym(keys, facts.supersedes_run_id))
    _fold(session, rows)
    return len(rows)


def set_decisions(
    session: WriteSession, keys: Keys, run_id: str, decisions: Mapping[str, Decision]
) -> int:
    """Note what readers last said of a run's findings; return how many findings that changes.

    The counts get the difference: what an earlier decision had added is taken back.

    Raises:
        UnknownRecord: the run was not recorded yet.
    """
    rows = repository.of_run(session, pseudonym(keys, run_id))
    if not rows:
        raise UnknownRecord("The run was not recorded yet.")
    changed = [row for row in rows if row.decision != decisions.get(row.finding_key, row.decision)]
    _fold(session, changed, sign=-1)
    for row in changed:
        row.decision = decisions[row.finding_key]
        session.add(row)
    _fold(session, changed)
    return len(changed)


def rebuild(session: WriteSession, scope: Scope) -> int:
    """Make the daily counts in scope anew from the records; return how many rows there are then."""
    repository.remove_aggregates(session, scope)
    frozen = _FrozenByDay(session)
    rows = merged(
        change
        for record in repository.every(session, scope)
        for change in changes(record, frozen.of(record))
    )
    if rows:
        repository.add(session, rows)
    session.flush()
    return len(rows)


def _withdraw(session: WriteSession, run: str) -> None:
    """Take back a run that a later one of the same study supersedes: a study counts once."""
    rows = [row for row in repository.of_run(session, run) if not row.superseded]
    _fold(session, rows, sign=-1)
    for row in rows:
        row.superseded = True
        session.add(row)


def _row(
    session: WriteSession,
    keys: Keys,
    facts: RunFacts,
    finding: FindingFacts | None,
    *,
    superseded: bool,
) -> PredictionRecord:
    return PredictionRecord(
        id=session.new_id("rec"),
        run_pseudonym=pseudonym(keys, facts.run_id),
        supersedes_pseudonym=_maybe(keys, facts.supersedes_run_id),
        superseded=superseded,
        patient_pseudonym=pseudonym(keys, facts.patient_pseudonym),
        version_id=facts.version_id,
        site_id=facts.site_id,
        deployment_id=facts.deployment_id,
        mode=facts.mode,
        day=facts.day,
        finding_key=finding.key if finding else WHOLE_RUN,
        outcome=facts.outcome,
        score=finding.score if finding else None,
        flagged=finding.flagged if finding else None,
        attributes=dict(finding.levels if finding else facts.levels),
        decision=finding.decision if finding else None,
    )


def _maybe(keys: Keys, identifier: str | None) -> str | None:
    return None if identifier is None else pseudonym(keys, identifier)


def _fold(session: WriteSession, rows: Sequence[PredictionRecord], sign: int = 1) -> None:
    frozen = _FrozenByDay(session)
    together = merged(change for row in rows for change in changes(row, frozen.of(row), sign))
    session.flush()
    if together:
        repository.add(session, together)


class _FrozenByDay:
    """The edges that count for a stream on a day, asked of the database once each."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session
        self._known: dict[tuple[str, str, str, date], Frozen | None] = {}

    def of(self, record: PredictionRecord) -> Frozen | None:
        if record.finding_key == WHOLE_RUN:
            return None
        key = (record.version_id, record.site_id, record.finding_key, record.day)
        if key not in self._known:
            found = references.on_day(self._session, *key)
            self._known[key] = (
                None if found is None else Frozen(found.id, Edges(tuple(found.edges)))
            )
        return self._known[key]
