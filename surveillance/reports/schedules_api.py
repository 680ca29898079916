"""Schedules of reports, as JSON: add one, list them, end one."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from surveillance.reports import schedules
from surveillance.reports.api import Reason, Runner, Watcher
from surveillance.reports.models import EVERY_FINDING, Cadence
from vigil.kernel.web.dependencies import Reading, Writing
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/report-schedules", tags=["reports"], route_class=ApiRoute)


class ScheduleIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version_id: str
    site_id: str
    finding_key: Annotated[
        str, Field(min_length=1, description="a finding's key; without it, every finding")
    ] = EVERY_FINDING
    cadence: Cadence
    from_day: Annotated[
        date | None, Field(description="no period that begins before it; today")
    ] = None
    reason: Reason


class EndIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: Reason


class ScheduleOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: str
    version_id: str
    site_id: str
    finding_key: str
    cadence: Cadence
    from_day: date
    set_by: str
    set_at: datetime
    reason: str
    ended_by: str | None
    ended_at: datetime | None


@router.post("", status_code=201)
def add_schedule(
    session: Writing, actor: Runner, body: ScheduleIn, response: Response
) -> ScheduleOut:
    row = schedules.add(session, actor, **body.model_dump())
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return ScheduleOut.model_validate(row)


@router.get("")
def list_schedules(
    *,
    session: Reading,
    actor: Watcher,
    version_id: str | None = None,
    running_only: bool = False,
) -> list[ScheduleOut]:
    rows = schedules.schedules(session, actor, version_id=version_id, running_only=running_only)
    return [ScheduleOut.model_validate(row) for row in rows]


@router.get("/{schedule_id}")
def get_schedule(session: Reading, actor: Watcher, schedule_id: str) -> ScheduleOut:
    return ScheduleOut.model_validate(schedules.schedule(session, actor, schedule_id))


@router.post("/{schedule_id}/end")
def end_schedule(session: Writing, actor: Runner, schedule_id: str, body: EndIn) -> ScheduleOut:
    row = schedules.end(session, actor, schedule_id=schedule_id, reason=body.reason)
    return ScheduleOut.model_validate(row)
