"""Tolerances, as JSON: what holds, what was set, what packages propose."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from surveillance.tolerances import service
from surveillance.tolerances.models import StreamTolerance
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(
    prefix="/api/v1/surveillance/tolerances", tags=["surveillance"], route_class=ApiRoute
)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]


class ToleranceIn(BaseModel):
    """What is not named holds for all: every version, site or finding."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "override_rate", "amount": 1.5, "reason": "Agreed on 3 May"}]
        },
    )
    kind: str
    amount: float
    version_id: str | None = None
    site_id: str | None = None
    subject: str | None = None
    from_day: date | None = None
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class ToleranceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: str
    kind: str
    version_id: str | None
    site_id: str | None
    subject: str | None
    amount: float
    from_day: date
    set_by: str
    set_at: datetime
    reason: str


class ProposalOut(BaseModel):
    """`in_force` null: Vigil knows no such kind of stream."""

    model_config = ConfigDict(from_attributes=True)
    kind: str
    amount: float
    in_force: float | None


@router.get("")
def list_tolerances(
    request: Request, response: Response, session: Reading, actor: Watcher, cursor: CursorDep
) -> Listing[ToleranceOut]:
    rows = service.tolerances(session, actor, before=cursor.after, limit=cursor.limit + 1)
    kept, following = cursor.cut(rows, key=_id)
    link_next(request, response, following)
    items = [ToleranceOut.model_validate(row) for row in kept]
    return Listing(items=items, next_cursor=following)


@router.post("", status_code=201)
def set_tolerance(session: Writing, actor: Runner, body: ToleranceIn) -> ToleranceOut:
    return ToleranceOut.model_validate(service.set_tolerance(session, actor, **body.model_dump()))


@router.get("/proposals")
def list_proposals(session: Reading, actor: Watcher, version_id: str) -> list[ProposalOut]:
    found = service.proposals(session, actor, version_id)
    return [ProposalOut.model_validate(each) for each in found]


def _id(row: StreamTolerance) -> str:
    return row.id
