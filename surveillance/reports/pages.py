"""Reports to read. The document itself is foreign HTML: shown in a frame that can reach nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse, Response

from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from surveillance.names import Names, Subject, finding_names
from surveillance.reports import schedules, service
from surveillance.reports.downloads import HTML, JSON, attachment
from surveillance.reports.models import (
    EVERY_FINDING,
    Cadence,
    Report,
    ReportSchedule,
    ReportState,
)
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render
from vigil.kernel.web.words import days

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]
USUAL_DAYS = 28
Text = Annotated[str, Form(max_length=2000)]

# `sandbox` without `allow-same-origin` gives the document an origin of its own: its scripts see
# neither our cookies nor our pages, and may fetch nothing.
DOCUMENT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
)
_DOCUMENT_HEADERS = {
    "Content-Security-Policy": DOCUMENT_POLICY,
    "X-Frame-Options": "SAMEORIGIN",
}


@dataclass(frozen=True)
class ScheduleRow:
    schedule: ReportSchedule
    about: Subject


@dataclass(frozen=True, kw_only=True)
class ReportsPage(Page):
    template: ClassVar[str] = "reports/reports.html"
    rows: Sequence[tuple[Report, Subject]]
    schedules: Sequence[ScheduleRow]
    next_url: str | None
    may_run: bool


@dataclass(frozen=True, kw_only=True)
class ReportPage(Page):
    """One report. `is_open` while a worker has not finished it."""

    template: ClassVar[str] = "reports/report.html"
    report: Report
    about: Subject
    names: Mapping[str, str]
    may_run: bool

    @property
    def is_open(self) -> bool:
        return self.report.state is ReportState.PLANNED


@dataclass(frozen=True, kw_only=True)
class NewReportPage(Page):
    template: ClassVar[str] = "reports/new.html"
    version: ModelVersion
    sites: Sequence[Site]
    site_id: str | None
    findings: Sequence[tuple[str, str]]
    from_day: date
    to_day: date


@router.get("/reports")
def list_reports(
    *,
    request: Request,
    session: Reading,
    actor: Watcher,
    cursor: CursorDep,
    version_id: str | None = None,
    site_id: str | None = None,
) -> Response:
    rows = service.reports(
        session,
        actor,
        version_id=version_id,
        site_id=site_id,
        before=cursor.after,
        limit=cursor.limit + 1,
    )
    kept, following = cursor.cut(rows, key=lambda row: row.id)
    names = Names(session, actor)
    running = schedules.schedules(session, actor, version_id=version_id, running_only=True)
    page = ReportsPage(
        title="Reports",
        rows=[(row, _about(names, row)) for row in kept],
        schedules=[ScheduleRow(row, _about(names, row)) for row in running],
        next_url=next_url(request, following) if following else None,
        may_run=actor.may(Permission.SURVEILLANCE_RUN),
    )
    return render(request, page)


@router.get("/reports/new")
def new_report(
    *,
    request: Request,
    session: Reading,
    actor: Runner,
    version_id: str,
    site_id: str | None = None,
) -> Response:
    version = versions.version(session, actor, version_id)
    today = session.now().date()
    page = NewReportPage(
        title=f"Ask for a report of {versions.model(session, actor, version.model_id).title}",
        version=version,
        sites=identity.sites(session, actor),
        site_id=site_id,
        findings=[(EVERY_FINDING, "Every finding"), *finding_names(version)],
        from_day=today - timedelta(days=USUAL_DAYS),
        to_day=today - timedelta(days=1),
    )
    return render(request, page)


@router.post("/reports")
def ask(
    *,
    request: Request,
    session: Writing,
    actor: Runner,
    parts: PartsDep,
    version_id: Annotated[str, Form()],
    site_id: Annotated[str, Form()],
    finding_key: Annotated[str, Form()],
    from_day: Annotated[str, Form()],
    to_day: Annotated[str, Form()],
    reason: Text = "",
) -> Response:
    row = service.request(
        session,
        actor,
        parts.queue,
        version_id=version_id,
        site_id=site_id,
        finding_key=finding_key,
        from_day=_day("from_day", from_day),
        to_day=_day("to_day", to_day),
        reason=reason,
    )
    return done(request, f"/reports/{row.id}", "The report is being made")


@router.get("/reports/{report_id}")
def show_report(request: Request, session: Reading, actor: Watcher, report_id: str) -> Response:
    row = service.report(session, actor, report_id)
    about = _about(Names(session, actor), row)
    page = ReportPage(
        title=f"{about.finding} {days(row.from_day, row.to_day)}",
        report=row,
        about=about,
        names=dict(finding_names(versions.version(session, actor, row.version_id))),
        may_run=actor.may(Permission.SURVEILLANCE_RUN, row.site_id),
    )
    return render(request, page)


@router.post("/reports/{report_id}/retry")
def retry_report(
    *,
    request: Request,
    session: Writing,
    actor: Runner,
    parts: PartsDep,
    report_id: str,
    reason: Text = "",
) -> Response:
    service.retry(session, actor, parts.queue, report_id=report_id, reason=reason)
    return done(request, f"/reports/{report_id}", "The report is being made again")


@router.post("/reports/{report_id}/schedule")
def schedule_report(
    *,
    request: Request,
    session: Writing,
    actor: Runner,
    report_id: str,
    cadence: Annotated[str, Form()],
    reason: Text = "",
) -> Response:
    """Have the same report made for every week or month to come."""
    if cadence not in set(Cadence):
        raise Invalid.because([Fault("cadence", "not one of those offered", "Choose one")])
    row = service.report(session, actor, report_id)
    schedules.add(
        session,
        actor,
        version_id=row.version_id,
        site_id=row.site_id,
        finding_key=row.finding_key,
        cadence=Cadence(cadence),
        reason=reason,
    )
    return done(request, "/reports", "The report is scheduled")


@router.post("/report-schedules/{schedule_id}/end")
def end_schedule(
    *, request: Request, session: Writing, actor: Runner, schedule_id: str, reason: Text = ""
) -> Response:
    schedules.end(session, actor, schedule_id=schedule_id, reason=reason)
    return done(request, "/reports", "The schedule is ended")


@router.get("/reports/{report_id}/document")
def show_document(session: Reading, actor: Watcher, parts: PartsDep, report_id: str) -> Response:
    html = service.document(session, actor, parts.objects, report_id)
    return HTMLResponse(html, headers=_DOCUMENT_HEADERS)


@router.get("/reports/{report_id}/download")
def download_document(
    session: Reading, actor: Watcher, parts: PartsDep, report_id: str
) -> Response:
    html = service.document(session, actor, parts.objects, report_id)
    return attachment(html, HTML, f"{report_id}.html")


@router.get("/reports/{report_id}/figures")
def download_figures(session: Reading, actor: Watcher, parts: PartsDep, report_id: str) -> Response:
    figures = service.figures(session, actor, parts.objects, report_id)
    return attachment(figures, JSON, f"{report_id}.json")


def _about(names: Names, row: Report | ReportSchedule) -> Subject:
    found = names.subject(row.version_id, row.site_id, row.finding_key)
    return found.called("Every finding") if row.finding_key == EVERY_FINDING else found


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fault = Fault(field, "not a day", "Write it as 2026-08-31")
        raise Invalid.because([fault]) from None
