"""What is watched of a version at a site, and the network's choices, as JSON."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from surveillance.declarations import service
from surveillance.declarations.models import Choice
from surveillance.declarations.service import Declared, Origin
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/surveillance", tags=["surveillance"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


class ChoiceIn(BaseModel):
    """Without a version it is for all of them; without a site, for every site."""

    model_config = ConfigDict(extra="forbid")
    name: str
    choice: Choice
    version_id: str | None = None
    site_id: str | None = None
    reason: Reason


class EndIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: Reason


class ChoiceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: str
    version_id: str | None
    site_id: str | None
    name: str
    choice: Choice
    reason: str
    made_by: str
    made_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    ended_reason: str | None


class DeclaredOut(BaseModel):
    """A stream of the catalogue: whether it is watched, why, and who muted it."""

    name: str
    what: str
    origin: Origin
    is_watched: bool
    is_muted: bool
    choice: ChoiceOut | None

    @classmethod
    def of(cls, found: Declared) -> "DeclaredOut":
        return cls(
            name=found.name,
            what=found.what,
            origin=found.origin,
            is_watched=found.is_watched,
            is_muted=found.is_muted,
            choice=ChoiceOut.model_validate(found.choice) if found.choice else None,
        )


@router.get("/declarations")
def list_declarations(
    session: Reading, actor: Watcher, version_id: str, site_id: str
) -> list[DeclaredOut]:
    found = service.declared(session, actor, version_id=version_id, site_id=site_id)
    return [DeclaredOut.of(each) for each in found]


@router.get("/stream-choices")
def list_choices(
    session: Reading, actor: Watcher, version_id: str | None = None
) -> list[ChoiceOut]:
    return [ChoiceOut.model_validate(row) for row in service.choices(session, actor, version_id)]


@router.post("/stream-choices", status_code=201)
def make_choice(session: Writing, actor: Runner, body: ChoiceIn, response: Response) -> ChoiceOut:
    row = service.choose(session, actor, **body.model_dump())
    response.headers["Location"] = f"{router.prefix}/stream-choices"
    return ChoiceOut.model_validate(row)


@router.post("/stream-choices/{choice_id}/end")
def end_choice(session: Writing, actor: Runner, choice_id: str, body: EndIn) -> ChoiceOut:
    return ChoiceOut.model_validate(service.withdraw(session, actor, choice_id, body.reason))
