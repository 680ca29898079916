"""Reports, as JSON: ask for one, list them, read one and its figures."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from surveillance.reports import service
from surveillance.reports.models import ReportKind, ReportState
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/reports", tags=["reports"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]


class ReportIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version_id: str
    site_id: str
    finding_key: str
    from_day: date
    to_day: date
    reason: Annotated[str, Field(min_length=1, max_length=2000)] = "drift report asked for"


class ReportOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: str
    kind: ReportKind
    version_id: str
    site_id: str
    finding_key: str
    from_day: date
    to_day: date
    state: ReportState
    verdict: str | None
    n_reference: int | None
    n_current: int | None
    html_digest: str | None
    json_digest: str | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None


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
) -> Listing[ReportOut]:
    rows = service.reports(
        session, actor, version_id=version_id, before=cursor.after, limit=cursor.limit + 1
    )
    kept, next_cursor = cursor.cut(rows, key=lambda row: row.id)
    link_next(request, response, next_cursor)
    return Listing(items=[ReportOut.model_validate(row) for row in kept], next_cursor=next_cursor)


@router.get("/{report_id}")
def get_report(session: Reading, actor: Watcher, report_id: str) -> ReportOut:
    return ReportOut.model_validate(service.report(session, actor, report_id))
