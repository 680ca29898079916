"""A version's change plan as a page: what it announces, and what its own claim is worth."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from model_registry.packages.plan_document import ChangePlan
from model_registry.plans import service
from model_registry.plans.errors import NoPlan
from model_registry.plans.service import PlanView
from model_registry.versions import service as versions
from model_registry.versions.models import Model, ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]


@dataclass(frozen=True, kw_only=True)
class PlanPage(Page):
    template: ClassVar[str] = "plans/plan.html"
    model: Model
    version: ModelVersion
    plan: ChangePlan | None
    found: PlanView | None
    may_assess: bool


@router.get("/versions/{version_id}/plan")
def show_plan(request: Request, session: Reading, actor: Reader, version_id: str) -> Response:
    version = versions.version(session, actor, version_id)
    model = versions.model(session, actor, version.model_id)
    found = _found(session, actor, version)
    page = PlanPage(
        title=f"Change plan of {model.title} {version.version}",
        model=model,
        version=version,
        plan=ChangePlan.model_validate(found.plan.content) if found and found.plan else None,
        found=found,
        may_assess=found is not None and found.cover is not None and service.may_assess(actor),
    )
    return render(request, page)


@router.post("/versions/{version_id}/plan/assessments")
def assess(
    *,
    request: Request,
    session: Writing,
    actor: Reader,
    parts: PartsDep,
    version_id: str,
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Hold the version against its plan again."""
    service.assess(session, actor, parts.objects, version_id=version_id, reason=reason)
    return done(request, f"/versions/{version_id}/plan", "It was held against its plan again.")


def _found(session: ReadSession, actor: Actor, version: ModelVersion) -> PlanView | None:
    try:
        return service.view(session, actor, version_id=version.id)
    except NoPlan:
        return None
