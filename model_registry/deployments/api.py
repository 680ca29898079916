"""Deployments over HTTP: list, deploy, propose, agree, step back, look at history."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from model_registry.deployments import repository, reviews, service
from model_registry.deployments.gates import Missing, ReleaseGate
from model_registry.deployments.lapse import lapses_at, why_lapsed
from model_registry.deployments.models import (
    ChangeState,
    Deployment,
    DeploymentApproval,
    DeploymentChange,
    DeploymentPeriod,
    Mode,
)
from model_registry.deployments.people import counting
from model_registry.deployments.rules import Rule, rules
from model_registry.deployments.service import Outcome
from model_registry.deployments.shown import approvals_to, change_to, periods_to
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/deployments", tags=["deployments"], route_class=ApiRoute)


def request_gates(request: Request) -> tuple[ReleaseGate, ...]:
    """Return the gates of higher floors; where the wiring set none, nothing can be approved."""
    gates: tuple[ReleaseGate, ...] = request.app.state.gates
    return gates


GatesDep = Annotated[tuple[ReleaseGate, ...], Depends(request_gates)]
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Manager = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_REQUEST))]
Approver = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_APPROVE))]
Suspender = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_SUSPEND))]


class Reason(Body):
    reason: str = Field(examples=["Agreed at the AI board of 20 November"])


class NewDeployment(Reason):
    """A version to run in shadow; `site` is the site's ODS code."""

    version_id: str
    site: str = Field(examples=["RXX01"])
    thresholds: dict[str, float] = Field(default_factory=dict)


class Proposal(Reason):
    """What a deployment should become; `thresholds` left out leaves them."""

    to_mode: Mode
    share: int = 100
    thresholds: dict[str, float] | None = None
    replaced_becomes: Mode = Mode.RETIRED
    seen_revision: int | None = Field(
        default=None, description="the revision you looked at: 412 where it is another one now"
    )


class OpenChange(BaseModel):
    """A proposal, who agreed to it, and what it still needs."""

    change: DeploymentChange
    approvals: list[DeploymentApproval] = Field(
        description="in the capacities that still count: neither, where the person left or lost"
        " the role"
    )
    missing: list[Missing]
    lapses_at: datetime
    lapsed: str | None = Field(description="why nobody can agree to it any more")


class ProposalView(BaseModel):
    """An open proposal in the list: whose turn it is, and whether it is yours."""

    change: DeploymentChange
    site: str
    model: str
    version: str
    asked_by: str
    waits_for: list[Missing]
    is_mine: bool
    lapses_at: datetime
    lapsed: str | None

    @classmethod
    def of(cls, proposal: reviews.Proposal) -> "ProposalView":
        return cls(
            change=proposal.change,
            site=proposal.names.site,
            model=proposal.names.model,
            version=proposal.names.version,
            asked_by=proposal.asked_by,
            waits_for=list(proposal.waits_for),
            is_mine=proposal.is_mine,
            lapses_at=proposal.lapses_at,
            lapsed=proposal.lapsed,
        )


class DeploymentView(BaseModel):
    deployment: Deployment
    open_changes: list[OpenChange]
    history: list[DeploymentPeriod]


class OutcomeView(BaseModel):
    deployment: Deployment
    change: DeploymentChange
    missing: list[Missing]

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeView":
        return cls(
            deployment=outcome.deployment, change=outcome.change, missing=list(outcome.missing)
        )


@router.get("")
def list_deployments(
    request: Request,
    response: Response,
    *,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    site: str | None = None,
    model_id: str | None = None,
    mode: Mode | None = None,
) -> Listing[Deployment]:
    found = repository.deployments(
        session,
        actor,
        site_id=identity.site(session, actor, site).id if site else None,
        model_id=model_id,
        mode=mode,
        after=cursor.after,
        limit=cursor.limit + 1,
    )
    items, next_cursor = cursor.cut(found, lambda deployment: deployment.id)
    link_next(request, response, next_cursor)
    return Listing(items=items, next_cursor=next_cursor)


@router.post("", status_code=201)
def deploy(body: NewDeployment, session: Writing, actor: Manager, response: Response) -> Deployment:
    deployment = service.deploy(
        session,
        actor,
        version_id=body.version_id,
        site_id=identity.site(session, actor, body.site).id,
        thresholds=body.thresholds,
        reason=body.reason,
    )
    response.headers["Location"] = f"{router.prefix}/{deployment.id}"
    return deployment


@router.get("/history")
def what_was_live(
    session: Reading,
    actor: Reader,
    site: Annotated[str, Query(description="ODS code of the site")],
    at: Annotated[AwareDatetime, Query(description="an instant, with its offset from UTC")],
) -> Listing[DeploymentPeriod]:
    """Say which versions were live at a site at an instant, and who had put them there."""
    instant: datetime = at
    found = service.what_was_live(session, actor, identity.site(session, actor, site).id, instant)
    return Listing(items=list(found))


@router.get("/rules")
def show_rules(_reader: Reader) -> Listing[Rule]:
    """Return every step there is: what must be there, who decides, who may begin it, and why."""
    return Listing(items=rules())


@router.get("/changes")
def list_open_changes(
    request: Request, response: Response, session: Reading, actor: Reader, cursor: CursorDep
) -> Listing[ProposalView]:
    """List the open proposals, the oldest first."""
    found = reviews.open_proposals(session, actor, after=cursor.after, limit=cursor.limit + 1)
    items, next_cursor = cursor.cut(found, lambda proposal: proposal.change.id)
    link_next(request, response, next_cursor)
    return Listing(items=[ProposalView.of(one) for one in items], next_cursor=next_cursor)


@router.get("/changes/{change_id}")
def show_change(change_id: str, session: Reading, actor: Reader, gates: GatesDep) -> OpenChange:
    change = service.change_by_id(session, actor, change_id)
    deployment = service.deployment_by_id(session, actor, change.deployment_id)
    return _open_change(session, actor, gates, change, deployment)


@router.get("/{deployment_id}")
def show_deployment(
    deployment_id: str, session: Reading, actor: Reader, gates: GatesDep
) -> DeploymentView:
    deployment = service.deployment_by_id(session, actor, deployment_id)
    changes = [
        _open_change(session, actor, gates, change, deployment)
        for change in repository.open_changes(session, [deployment.id])
    ]
    return DeploymentView(
        deployment=deployment,
        open_changes=changes,
        history=periods_to(actor, repository.history(session, actor, deployment.id)),
    )


@router.post("/{deployment_id}/changes", status_code=201)
def request_change(
    deployment_id: str, body: Proposal, session: Writing, actor: Reader, gates: GatesDep
) -> OutcomeView:
    """Propose what a deployment becomes; what takes one person is done at once."""
    outcome = service.request_change(
        session, actor, gates, deployment_id=deployment_id, **body.model_dump()
    )
    return OutcomeView.of(outcome)


@router.post("/changes/{change_id}/approve")
def approve_change(
    change_id: str, body: Reason, session: Writing, actor: Approver, gates: GatesDep
) -> OutcomeView:
    """Agree. It is applied when nothing is missing; else the answer says what is, and from whom."""
    outcome = service.approve_change(session, actor, gates, change_id=change_id, reason=body.reason)
    return OutcomeView.of(outcome)


@router.post("/changes/{change_id}/withdraw")
def withdraw_change(
    change_id: str, body: Reason, session: Writing, actor: Reader
) -> DeploymentChange:
    return service.withdraw_change(session, actor, change_id=change_id, reason=body.reason)


@router.post("/{deployment_id}/suspend")
def suspend(deployment_id: str, body: Reason, session: Writing, actor: Suspender) -> Deployment:
    """Stop at once."""
    return service.suspend(session, actor, deployment_id=deployment_id, reason=body.reason)


@router.post("/{deployment_id}/fall-back")
def fall_back(deployment_id: str, body: Reason, session: Writing, actor: Suspender) -> Deployment:
    """Send nothing more at once, and keep recording in shadow."""
    return service.fall_back(session, actor, deployment_id=deployment_id, reason=body.reason)


@router.post("/{deployment_id}/rollback", status_code=201)
def rollback(
    deployment_id: str, body: Reason, session: Writing, actor: Manager, gates: GatesDep
) -> OutcomeView:
    """Propose that what was live before is live again."""
    outcome = service.rollback(
        session, actor, gates, deployment_id=deployment_id, reason=body.reason
    )
    return OutcomeView.of(outcome)


def _open_change(
    session: ReadSession,
    actor: Actor,
    gates: tuple[ReleaseGate, ...],
    change: DeploymentChange,
    deployment: Deployment,
) -> OpenChange:
    is_open = change.state is ChangeState.OPEN
    given = repository.approvals(session, change.id)
    if is_open:
        given = counting(session, deployment.site_id, given)
    version = repository.version_of(session, deployment)
    return OpenChange(
        change=change_to(actor, change),
        approvals=approvals_to(actor, given),
        missing=service.missing_for(session, gates, change, deployment) if is_open else [],
        lapses_at=lapses_at(change),
        lapsed=why_lapsed(session, change, deployment, version) if is_open else None,
    )
