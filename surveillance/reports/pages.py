"""Reports to read. The document itself is foreign HTML: shown in a frame that can reach nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from surveillance.names import Names, Subject
from surveillance.reports import service
from surveillance.reports.models import Report
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, render
from vigil.kernel.web.words import days

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]

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


@dataclass(frozen=True, kw_only=True)
class ReportsPage(Page):
    template: ClassVar[str] = "reports/reports.html"
    rows: Sequence[tuple[Report, Subject]]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class ReportPage(Page):
    template: ClassVar[str] = "reports/report.html"
    report: Report
    about: Subject


@router.get("/reports")
def list_reports(request: Request, session: Reading, actor: Watcher, cursor: CursorDep) -> Response:
    rows = service.reports(session, actor, before=cursor.after, limit=cursor.limit + 1)
    kept, following = cursor.cut(rows, key=lambda row: row.id)
    names = Names(session, actor)
    page = ReportsPage(
        title="Reports",
        rows=[(row, _about(names, row)) for row in kept],
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/reports/{report_id}")
def show_report(request: Request, session: Reading, actor: Watcher, report_id: str) -> Response:
    row = service.report(session, actor, report_id)
    about = _about(Names(session, actor), row)
    title = f"Drift of {about.finding} {days(row.from_day, row.to_day)}"
    return render(request, ReportPage(title=title, report=row, about=about))


@router.get("/reports/{report_id}/document")
def show_document(session: Reading, actor: Watcher, parts: PartsDep, report_id: str) -> Response:
    html = service.document(session, actor, parts.objects, report_id)
    return HTMLResponse(html, headers=_DOCUMENT_HEADERS)


def _about(names: Names, row: Report) -> Subject:
    return names.subject(row.version_id, row.site_id, row.finding_key)
