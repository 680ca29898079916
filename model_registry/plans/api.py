"""Change plans over HTTP: what a version announces, and whether it is inside another's plan."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from model_registry.plans import service
from model_registry.plans.cover import Cover
from model_registry.plans.service import PlanView
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/versions", tags=["models"], route_class=ApiRoute)

Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]


class Reason(Body):
    reason: str


class AssessmentFacts(BaseModel):
    """What was judged about the bytes, when and by whom."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    predecessor_id: str | None
    anchor_id: str | None
    step: str
    is_inside: bool
    differences: list[dict[str, Any]]
    criteria: list[dict[str, Any]]
    assessed_by: str
    at: datetime


class ClaimFacts(BaseModel):
    """What the version's claim is worth now: inside, or outside and why."""

    claim: str
    inside: bool
    why: str
    reasons: list[str]
    safety_case_id: str | None
    assessment: AssessmentFacts | None

    @classmethod
    def of(cls, cover: Cover) -> "ClaimFacts":
        judged = cover.assessment
        return cls(
            claim=cover.claim,
            inside=cover.is_inside,
            why=cover.why,
            reasons=list(cover.reasons),
            safety_case_id=cover.case.id if cover.case else None,
            assessment=AssessmentFacts.model_validate(judged) if judged else None,
        )


class PlanFacts(BaseModel):
    """The plan that a version brings for those after it, and its own claim."""

    version_id: str
    plan: dict[str, Any] | None
    plan_digest: str | None
    claim: ClaimFacts | None

    @classmethod
    def of(cls, found: PlanView) -> "PlanFacts":
        return cls(
            version_id=found.version.id,
            plan=found.plan.content if found.plan else None,
            plan_digest=found.plan.content_digest if found.plan else None,
            claim=ClaimFacts.of(found.cover) if found.cover else None,
        )


@router.get("/{version_id}/plan")
def show_plan(version_id: str, session: Reading, actor: Reader) -> PlanFacts:
    return PlanFacts.of(service.view(session, actor, version_id=version_id))


@router.post("/{version_id}/plan/assessments", status_code=201)
def assess(
    version_id: str, body: Reason, session: Writing, actor: Reader, parts: PartsDep
) -> PlanFacts:
    """Hold the version against its plan again: the reviewed version may have been signed since."""
    found = service.assess(session, actor, parts.objects, version_id=version_id, reason=body.reason)
    return PlanFacts.of(found)
