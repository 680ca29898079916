"""Ask for a report, make it, and read it back: a document under its digest, never made twice."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from surveillance.reports import content, repository
from surveillance.reports.errors import NoDocument, UnknownReport
from surveillance.reports.models import Report, ReportKind, ReportState
from surveillance.reports.rendering import SECONDS, render
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore
from vigil.kernel.parts import Parts

MAKE = "reports.make"


def request(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    *,
    version_id: str,
    site_id: str,
    finding_key: str,
    from_day: date,
    to_day: date,
    reason: str = "drift report asked for",
) -> Report:
    """Ask for a drift report of a finding at a site; a worker makes it.

    Raises:
        Invalid: the days are the wrong way round.
    """
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    if from_day > to_day:
        raise Invalid.because([Fault("from", "after the last day", "Swap the two days")])
    row = Report(
        id=session.new_id("rep"),
        kind=ReportKind.DRIFT,
        version_id=version_id,
        site_id=site_id,
        finding_key=finding_key,
        from_day=from_day,
        to_day=to_day,
        created_by=actor.id,
        created_at=session.now(),
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, "surveillance:report:request", row.id, reason)
    queue.enqueue(session, MAKE, row.id, key=f"{MAKE}:{row.id}")
    return row


def make(parts: Parts, actor: Actor, report_id: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Render a report and put its documents in the store; return what its row is to say.

    Raises:
        RenderingFailed: the renderer gave nothing; too few records are no failure.
    """
    with parts.database.read() as session:
        row = report(session, actor, report_id)
        gathered = content.gather(session, actor, parts.objects, row)
    facts: dict[str, Any] = {
        "reference_id": gathered.reference.id if gathered.reference else None,
        "n_reference": gathered.n_reference,
        "n_current": gathered.n_current,
    }
    if gathered.shortage is not None:
        return {**facts, "state": ReportState.INSUFFICIENT.value, "verdict": gathered.shortage}
    title = f"{row.finding_key}, {row.from_day} to {row.to_day}"
    rendered = render(content.request(gathered, title), seconds)
    return {
        **facts,
        "state": ReportState.READY.value,
        "verdict": content.verdict(gathered),
        "html_digest": parts.objects.put(rendered.html),
        "json_digest": parts.objects.put(rendered.json),
    }


def keep(session: WriteSession, actor: Actor, report_id: str, facts: dict[str, Any]) -> Report:
    """Note what became of a report, and its documents' digests in the audit."""
    row = report(session, actor, report_id)
    for name, value in facts.items():
        setattr(row, name, value)
    row.state, row.finished_at = ReportState(facts["state"]), session.now()
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor,
        "surveillance:report:finish",
        row.id,
        row.verdict or row.state.value,
        state=row.state.value,
        html=row.html_digest,
        json=row.json_digest,
    )
    return row


def report(session: ReadSession, actor: Actor, report_id: str) -> Report:
    """Return a report that the actor may read.

    Raises:
        UnknownReport: there is none, or not for this actor.
    """
    actor.require(Permission.SURVEILLANCE_READ)
    found = repository.report(session, actor, report_id)
    if found is None:
        raise UnknownReport("No report has this id.")
    return found


def reports(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Sequence[Report]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.reports(session, actor, version_id=version_id, before=before, limit=limit)


def document(session: ReadSession, actor: Actor, objects: ObjectStore, report_id: str) -> bytes:
    """Return the HTML of a report.

    Raises:
        NoDocument: it was not rendered.
    """
    row = report(session, actor, report_id)
    if row.html_digest is None:
        raise NoDocument(f"The report is {row.state.value}: {row.verdict or 'not made yet'}")
    return objects.get(row.html_digest)
