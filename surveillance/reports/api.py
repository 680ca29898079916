"""Reports, as JSON: ask for one, follow it, list them, read one and its figures."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from surveillance.reports import service
from surveillance.reports.downloads import HTML, JSON, attachment
from surveillance.reports.models import EVERY_FINDING, Phase, ReportKind, ReportState
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/reports", tags=["reports"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


class ReportIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version_id: str
    site_id: str
    finding_key: Annotated[
        str, Field(min_length=1, description="a finding's key; without it, every finding")
    ] = EVERY_FINDING
    from_day: date
    to_day: date
    reason: Reason = "report asked for"


class RetryIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: Reason


class ReportOut(BaseModel):
    """A report. `phase` and `percent` tell how far it is; `verdict` why it failed, if it did."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    kind: ReportKind
    version_id: str
    site_id: str
    finding_key: str
    from_day: date
    to_day: date
    state: ReportState
    phase: Phase
    percent: int
    attempts: int
    schedule_id: str | None
    verdict: str | None
    n_reference: int | None
    n_current: int | None
    html_digest: str | None
    json_digest: str | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class ReportPageOut(ReportOut):
    """A report with its first page."""

    summary: dict[str, Any] | None


@router.post("", status_code=201)
def request_report(
    *, session: Writing, actor: Runner, parts: PartsDep, body: ReportIn, response: Response
) -> ReportOut:
    row = service.request(session, actor, parts.queue, **body.model_dump())
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return ReportOut.model_validate(row)


@router.get("")
def list_reports(
    *,
    request: Request,
    response: Response,
    session: Reading,
    actor: Watcher,
    cursor: CursorDep,
    version_id: str | None = None,
    site_id: str | None = None,
    from_day: date | None = None,
    to_day: date | None = None,
    state: ReportState | None = None,
) -> Listing[ReportOut]:
    rows = service.reports(
        session,
        actor,
        version_id=version_id,
        site_id=site_id,
        from_day=from_day,
        to_day=to_day,
        state=state,
        before=cursor.after,
        limit=cursor.limit + 1,
    )
    kept, next_cursor = cursor.cut(rows, key=lambda row: row.id)
    link_next(request, response, next_cursor)
    return Listing(items=[ReportOut.model_validate(row) for row in kept], next_cursor=next_cursor)


@router.get("/{report_id}")
def get_report(session: Reading, actor: Watcher, report_id: str) -> ReportPageOut:
    return ReportPageOut.model_validate(service.report(session, actor, report_id))


@router.post("/{report_id}/retry")
def retry_report(
    session: Writing, actor: Runner, parts: PartsDep, report_id: str, body: RetryIn
) -> ReportOut:
    row = service.retry(session, actor, parts.queue, report_id=report_id, reason=body.reason)
    return ReportOut.model_validate(row)


@router.get("/{report_id}/document", response_class=Response)
def get_document(session: Reading, actor: Watcher, parts: PartsDep, report_id: str) -> Response:
    html = service.document(session, actor, parts.objects, report_id)
    return attachment(html, HTML, f"{report_id}.html")


@router.get("/{report_id}/figures", response_class=Response)
def get_figures(session: Reading, actor: Watcher, parts: PartsDep, report_id: str) -> Response:
    figures = service.figures(session, actor, parts.objects, report_id)
    return attachment(figures, JSON, f"{report_id}.json")
