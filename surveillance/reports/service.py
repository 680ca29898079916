"""Ask for a report, make it, and read it back: a document under its digest, never made twice."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from surveillance.reports import content, repository, summary
from surveillance.reports.errors import NoDocument, NotFailed, UnknownReport
from surveillance.reports.models import EVERY_FINDING, Phase, Report, ReportKind, ReportState
from surveillance.reports.rendering import Renderer
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore
from vigil.kernel.parts import Parts

MAKE = "reports.make"
LONGEST_DAYS = 3_660
RENDERER = Renderer()


def request(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    *,
    version_id: str,
    site_id: str,
    from_day: date,
    to_day: date,
    finding_key: str = EVERY_FINDING,
    reason: str = "report asked for",
    schedule_id: str | None = None,
) -> Report:
    """Ask for a report of a version, or of one of its findings, at a site; a worker makes it.

    Raises:
        Invalid: the days are the wrong way round, or too many.
    """
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    if from_day > to_day:
        raise Invalid.because([Fault("from", "after the last day", "Swap the two days")])
    if (to_day - from_day).days > LONGEST_DAYS:
        raise Invalid.because([Fault("from", "more than ten years", "Ask for fewer days")])
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
        schedule_id=schedule_id,
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, "surveillance:report:request", row.id, reason)
    queue.enqueue(session, MAKE, row.id, key=f"{MAKE}:{row.id}")
    return row


def retry(
    session: WriteSession, actor: Actor, queue: Queue, *, report_id: str, reason: str
) -> Report:
    """Ask once more for a report that failed.

    Raises:
        NotFailed: it is being made, or there is one.
    """
    row = report(session, actor, report_id)
    actor.require(Permission.SURVEILLANCE_RUN, row.site_id)
    if row.state is not ReportState.FAILED:
        raise NotFailed(f"The report is {row.state.value}: only one that failed is made again.")
    row.state, row.phase = ReportState.PLANNED, Phase.PLANNED.value
    row.attempts, row.finished_at, row.verdict = row.attempts + 1, None, None
    session.add(row)
    session.flush()
    audit.record(session, actor, "surveillance:report:retry", row.id, reason, attempt=row.attempts)
    queue.enqueue(session, MAKE, row.id, key=f"{MAKE}:{row.id}:{row.attempts}")
    return row


def make(
    parts: Parts, actor: Actor, report_id: str, renderer: Renderer = RENDERER
) -> dict[str, Any]:
    """Render a report and put its documents in the store; return what its row is to say.

    Raises:
        RenderingFailed: the renderer gave nothing; too few records are no failure.
    """
    note(parts, actor, report_id, Phase.COLLECTING)
    with parts.database.read() as session:
        row = report(session, actor, report_id)
        gathered = content.gather(session, actor, parts.objects, row)
    facts: dict[str, Any] = {
        "reference_id": gathered.reference.id if gathered.reference else None,
        "n_reference": sum(each.n for each in gathered.references.values()) or None,
        "n_current": gathered.counts.scored,
    }
    if gathered.shortage is not None:
        return {
            **facts,
            "state": ReportState.INSUFFICIENT.value,
            "verdict": gathered.shortage,
            "summary": summary.summary(gathered, None),
        }
    note(parts, actor, report_id, Phase.RENDERING)
    title = f"{_title(row)}, {row.from_day} to {row.to_day}"
    rendered = renderer.render(content.as_request(gathered, title))
    note(parts, actor, report_id, Phase.STORING)
    return {
        **facts,
        "state": ReportState.READY.value,
        "verdict": summary.sentence(gathered),
        "summary": summary.summary(gathered, rendered.figures),
        "html_digest": parts.objects.put(rendered.html),
        "json_digest": parts.objects.put(rendered.json),
    }


def note(parts: Parts, actor: Actor, report_id: str, phase: Phase) -> None:
    """Say how far a report is, for who waits; of no report that is finished."""
    with parts.database.write() as session:
        row = report(session, actor, report_id)
        if row.state is ReportState.PLANNED:
            row.phase = phase.value
            session.add(row)
            session.flush()


def keep(session: WriteSession, actor: Actor, report_id: str, facts: dict[str, Any]) -> Report:
    """Note what became of a report, and its documents' digests in the audit."""
    row = report(session, actor, report_id)
    for name, value in facts.items():
        setattr(row, name, value)
    row.state, row.finished_at = ReportState(facts["state"]), session.now()
    row.phase = (Phase.FAILED if row.state is ReportState.FAILED else Phase.DONE).value
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
    site_id: str | None = None,
    from_day: date | None = None,
    to_day: date | None = None,
    state: ReportState | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Sequence[Report]:
    """Return reports, newest first; with days: those of a period that touches them."""
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.reports(
        session,
        actor,
        version_id=version_id,
        site_id=site_id,
        from_day=from_day,
        to_day=to_day,
        state=state,
        before=before,
        limit=limit,
    )


def document(session: ReadSession, actor: Actor, objects: ObjectStore, report_id: str) -> bytes:
    """Return the HTML of a report.

    Raises:
        NoDocument: it was not rendered.
    """
    row = report(session, actor, report_id)
    return objects.get(_there(row, row.html_digest))


def figures(session: ReadSession, actor: Actor, objects: ObjectStore, report_id: str) -> bytes:
    """Return the JSON of a report.

    Raises:
        NoDocument: it was not rendered.
    """
    row = report(session, actor, report_id)
    return objects.get(_there(row, row.json_digest))


def _there(row: Report, digest: str | None) -> str:
    if digest is None:
        raise NoDocument(f"The report is {row.state.value}: {row.verdict or 'not made yet'}")
    return digest


def _title(row: Report) -> str:
    return "every finding" if row.finding_key == EVERY_FINDING else row.finding_key
