"""Approvals over HTTP: what one rests on, and to give it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from model_registry.approvals import service
from model_registry.approvals.service import VersionGate
from model_registry.versions import service as versions
from model_registry.versions.api import VersionFacts
from model_registry.versions.models import VersionStatus
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/versions", tags=["models"], route_class=ApiRoute)


def request_version_gates(request: Request) -> Sequence[VersionGate]:
    """Return the gates of higher floors; where the wiring set none, nothing can be approved."""
    gates: Sequence[VersionGate] = request.app.state.version_gates
    return gates


GatesDep = Annotated[Sequence[VersionGate], Depends(request_version_gates)]
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Approver = Annotated[Actor, Depends(allowed(Permission.VERSION_APPROVE))]


class Reason(Body):
    reason: str = Field(examples=["Agreed at the AI board of 20 November"])


class EvidenceView(BaseModel):
    """One thing that an approval rests on; `who` can supply it where it is not `met`."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    what: str
    who: str
    met: bool
    why: str
    evidence_id: str | None
    signed_at: datetime | None


class StepView(BaseModel):
    """A step of the version's life."""

    model_config = ConfigDict(from_attributes=True)

    status: VersionStatus
    at: datetime
    by: str
    by_label: str
    reason: str


class ApprovalView(BaseModel):
    status: VersionStatus
    evidence: list[EvidenceView]
    steps: list[StepView]


@router.get("/{version_id}/approval")
def show_approval(
    version_id: str, session: Reading, actor: Reader, gates: GatesDep
) -> ApprovalView:
    """Say what the approval of a version rests on, and how it came to its status."""
    version = versions.version(session, actor, version_id)
    return ApprovalView(
        status=version.status,
        evidence=[
            EvidenceView.model_validate(one) for one in service.evidence(session, gates, version)
        ],
        steps=[
            StepView.model_validate(step) for step in versions.changes(session, actor, version_id)
        ],
    )


@router.post("/{version_id}/approve")
def approve_version(
    version_id: str, body: Reason, session: Writing, actor: Approver, gates: GatesDep
) -> VersionFacts:
    """Approve a version for the network: a person of it, and nobody of the supplier."""
    found = service.approve(session, actor, gates, version_id=version_id, reason=body.reason)
    return VersionFacts.model_validate(found)
