"""JSON of reader decisions: say whether a finding is present, and what was said before."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from inference.decisions import service
from inference.decisions.models import Decision, DecisionSource, ReaderDecision
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", tags=["decisions"], route_class=ApiRoute)

Reader = Annotated[Actor, Depends(allowed(Permission.DECISION_WRITE))]
Looker = Annotated[Actor, Depends(allowed(Permission.STUDY_READ))]
LocalName = Annotated[str, Field(min_length=1, max_length=200)]


class DecisionIn(BaseModel):
    """A reader's word. `reader` names the person where a program speaks for several.

    It is turned into a pseudonym at once and kept nowhere.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"present": False, "reader": "jbloggs"}]}
    )
    present: bool
    comment: Annotated[str | None, Field(max_length=500)] = None
    reader: LocalName | None = None


class DecisionOut(BaseModel):
    """A decision, without its reader: it is about the model."""

    id: str
    finding_id: str
    run_id: str
    decision: Decision
    comment: str | None
    source: DecisionSource
    decided_at: datetime

    @classmethod
    def of(cls, decision: ReaderDecision) -> "DecisionOut":
        return cls.model_validate(decision.model_dump(exclude={"reader_pseudonym", "site_id"}))


class DecisionList(BaseModel):
    """All decisions on a finding, the latest, which counts, first."""

    items: list[DecisionOut]


class ReadingLink(BaseModel):
    url: str


@router.post("/findings/{finding_id}/decisions", status_code=201)
def decide(
    *,
    session: Writing,
    actor: Reader,
    parts: PartsDep,
    finding_id: str,
    body: DecisionIn,
    response: Response,
) -> DecisionOut:
    decision = service.decide(
        session,
        actor,
        parts,
        finding_id=finding_id,
        present=body.present,
        source=DecisionSource.API,
        reader_pseudonym=service.pseudonym_of(parts.keys, body.reader or actor.id),
        comment=body.comment,
    )
    response.headers["Location"] = f"/api/v1/findings/{finding_id}/decisions"
    return DecisionOut.of(decision)


@router.get("/findings/{finding_id}/decisions")
def list_decisions(session: Reading, actor: Looker, finding_id: str) -> DecisionList:
    found = service.decisions(session, actor, finding_id)
    return DecisionList(items=[DecisionOut.of(decision) for decision in found])


@router.get("/runs/{run_id}/reading-link")
def reading_link(
    session: Reading,
    actor: Reader,
    parts: PartsDep,
    run_id: str,
    reader: LocalName | None = None,
) -> ReadingLink:
    """Give the link that a RIS or viewer puts beside the study for its reader."""
    run = service.run_for(session, actor, run_id)
    return ReadingLink(url=service.link_for(parts, actor, run, reader))
