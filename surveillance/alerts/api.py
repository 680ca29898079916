"""Alerts, as JSON: list, read, acknowledge, resolve, reopen."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from surveillance.alerts import service
from surveillance.alerts.models import AlertState, Tier
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Responder = Annotated[Actor, Depends(allowed(Permission.ALERT_ACT))]


class AlertOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: str
    stream: str
    axis: str
    level: str
    version_id: str
    site_id: str
    finding_key: str
    tier: Tier
    state: AlertState
    sentence: str
    estimate: float
    interval_low: float
    interval_high: float
    baseline: float
    tolerance: float
    e_value: float
    n: int
    window_from: date
    window_to: date
    opened_at: datetime
    escalated_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None
    cause: str | None


class ReasonIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "…"}]})
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


@router.get("")
def list_alerts(
    *,
    request: Request,
    response: Response,
    session: Reading,
    actor: Watcher,
    cursor: CursorDep,
    state: Annotated[list[AlertState] | None, Query()] = None,
    version_id: str | None = None,
    site_id: str | None = None,
) -> Listing[AlertOut]:
    rows = service.alerts(
        session,
        actor,
        states=state,
        version_id=version_id,
        site_id=site_id,
        before=cursor.after,
        limit=cursor.limit + 1,
    )
    kept, next_cursor = cursor.cut(rows, key=lambda row: row.id)
    link_next(request, response, next_cursor)
    return Listing(items=[AlertOut.model_validate(row) for row in kept], next_cursor=next_cursor)


@router.get("/{alert_id}")
def get_alert(session: Reading, actor: Watcher, alert_id: str) -> AlertOut:
    return AlertOut.model_validate(service.alert(session, actor, alert_id))


@router.post("/{alert_id}/acknowledge")
def acknowledge(session: Writing, actor: Responder, alert_id: str, body: ReasonIn) -> AlertOut:
    return AlertOut.model_validate(service.acknowledge(session, actor, alert_id, body.reason))


@router.post("/{alert_id}/resolve")
def resolve(session: Writing, actor: Responder, alert_id: str, body: ReasonIn) -> AlertOut:
    return AlertOut.model_validate(service.resolve(session, actor, alert_id, body.reason))


@router.post("/{alert_id}/reopen")
def reopen(session: Writing, actor: Responder, alert_id: str, body: ReasonIn) -> AlertOut:
    return AlertOut.model_validate(service.reopen(session, actor, alert_id, body.reason))
