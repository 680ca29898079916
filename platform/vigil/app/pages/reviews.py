"""Proposals that wait for people: whose turn it is, on what evidence, and the second signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from model_registry.deployments import repository, reviews, service
from model_registry.deployments.api import GatesDep
from model_registry.deployments.gates import GateStatus, Target, evaluate, shown_to, statuses
from model_registry.deployments.lapse import lapses_at, why_lapsed
from model_registry.deployments.models import (
    ChangeState,
    Deployment,
    DeploymentApproval,
    DeploymentChange,
    Mode,
)
from model_registry.deployments.people import counting, missing_people
from model_registry.deployments.repository import Names
from model_registry.deployments.reviews import Proposal
from model_registry.deployments.shown import approvals_to, change_to
from model_registry.deployments.transitions import transition
from model_registry.safety.configuration import effective_thresholds
from model_registry.stops import service as stops
from model_registry.stops.models import StopOrder
from model_registry.versions import comparison
from model_registry.versions.comparison import Difference
from model_registry.versions.contents import contents_of
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Invalid, NotFound
from vigil.kernel.identity import repository as accounts
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.identity.signing import signature_faults
from vigil.kernel.parts import Parts
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed, session_cookie
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, done, render

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Approver = Annotated[Actor, Depends(allowed(Permission.DEPLOYMENT_APPROVE))]
Reason = Annotated[str, Form(max_length=2000)]
# Each line looks at every gate of its proposal: a page of them stays quick.
SHOWN = 10


@dataclass(frozen=True)
class ReviewLine:
    proposal: Proposal
    lacking: int


@dataclass(frozen=True)
class Replaced:
    """What is live at the site now, and what differs in the version that would take its place.

    `differences` is None where a package cannot be read any more.
    """

    names: Names
    version: ModelVersion
    differences: Sequence[Difference] | None


@dataclass(frozen=True)
class ThresholdLine:
    finding: str
    before: float
    after: float


@dataclass(frozen=True)
class Signature:
    """A person's agreement."""

    name: str
    capacity: str
    approval: DeploymentApproval


@dataclass(frozen=True, kw_only=True)
class ReviewsPage(Page):
    template: ClassVar[str] = "app/reviews.html"
    mine: Sequence[ReviewLine]
    more_of_mine: int
    others: Sequence[ReviewLine]
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class ReviewPage(Page):
    template: ClassVar[str] = "app/review.html"
    change: DeploymentChange
    deployment: Deployment
    version: ModelVersion
    names: Names
    people: Mapping[str, str]
    gates: Sequence[GateStatus]
    signatures: Sequence[Signature]
    waits_for: Sequence[str]
    thresholds: Sequence[ThresholdLine]
    replaced: Replaced | None
    stop: StopOrder | None
    lapsed: str | None
    lapses_at: datetime
    may_agree: bool
    may_look_again: bool
    may_withdraw: bool
    is_own: bool
    signer: str
    reason: str = ""
    faults: tuple[Fault, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.change.state is ChangeState.OPEN


@router.get("/reviews")
def list_reviews(
    request: Request, session: Reading, actor: Reader, gates: GatesDep, cursor: CursorDep
) -> Response:
    mine = reviews.waiting_for(session, actor)
    own = {proposal.change.id for proposal in mine}
    piece = replace(cursor, limit=min(cursor.limit, SHOWN))
    found = reviews.open_proposals(session, actor, after=piece.after, limit=piece.limit + 1)
    shown, following = piece.cut(found, lambda proposal: proposal.change.id)
    page = ReviewsPage(
        title="Reviews",
        mine=[_line(session, gates, proposal) for proposal in mine[:SHOWN]],
        more_of_mine=max(0, len(mine) - SHOWN),
        others=[_line(session, gates, one) for one in shown if one.change.id not in own],
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/reviews/{change_id}")
def show_review(
    request: Request,
    session: Reading,
    actor: Reader,
    gates: GatesDep,
    parts: PartsDep,
    change_id: str,
) -> Response:
    change = service.change_by_id(session, actor, change_id)
    return render(request, _page(session, actor, gates, parts, change))


@router.post("/reviews/{change_id}/agree")
def agree(
    *,
    request: Request,
    actor: Approver,
    gates: GatesDep,
    parts: PartsDep,
    change_id: str,
    password: Annotated[str, Form(max_length=500)] = "",
    reason: Reason = "",
) -> Response:
    """Sign with the password: a signature is of who is there now, not of an open browser."""
    with parts.database.read() as session:
        service.change_by_id(session, actor, change_id)
    faults = signature_faults(
        parts, actor, session_cookie(request), password=password, reason=reason
    )
    if faults:
        with parts.database.read() as session:
            change = service.change_by_id(session, actor, change_id)
            page = _page(session, actor, gates, parts, change, reason=reason, faults=faults)
            return render(request, page, 422)
    with parts.database.write() as session:
        outcome = service.approve_change(session, actor, gates, change_id=change_id, reason=reason)
    if outcome.is_applied:
        message = f"Agreed, and done: the deployment is {outcome.deployment.mode.value}."
        return done(request, f"/deployments/{outcome.deployment.id}", message)
    message = "You agreed. It is done as soon as nothing is missing and somebody agrees again."
    return done(request, f"/reviews/{change_id}", message)


@router.post("/reviews/{change_id}/withdraw")
def withdraw(
    request: Request, session: Writing, actor: Reader, change_id: str, reason: Reason = ""
) -> Response:
    """Take it back, as who asked for it, or reject it, as anybody else who decides."""
    change = service.withdraw_change(session, actor, change_id=change_id, reason=reason)
    path = f"/deployments/{change.deployment_id}"
    return done(request, path, "The proposal is closed. Nothing was changed.")


def _line(session: ReadSession, gates: GatesDep, proposal: Proposal) -> ReviewLine:
    step = transition(proposal.deployment.mode, proposal.change.to_mode)
    at = Target.of(proposal.version, proposal.deployment.site_id, proposal.change.to_thresholds)
    return ReviewLine(proposal, len(evaluate(session, gates, at, step.evidence)))


def _page(
    session: ReadSession,
    actor: Actor,
    gates: GatesDep,
    parts: Parts,
    change: DeploymentChange,
    *,
    reason: str = "",
    faults: tuple[Fault, ...] = (),
) -> ReviewPage:
    deployment = service.deployment_by_id(session, actor, change.deployment_id)
    version = repository.version_of(session, deployment)
    approvals = repository.approvals(session, change.id)
    names = repository.names_of(session, [deployment])[deployment.id]
    ids = [change.requested_by, change.closed_by, *(one.user_id for one in approvals)]
    people = repository.people(session, ids) if actor.supplier_id is None else {}
    is_open = change.state is ChangeState.OPEN
    lapsed = why_lapsed(session, change, deployment, version) if is_open else None
    if is_open:
        approvals = counting(session, deployment.site_id, approvals)
    stands = is_open and lapsed is None
    return ReviewPage(
        title=_title(change, names),
        change=change_to(actor, change),
        deployment=deployment,
        version=version,
        names=names,
        people=people,
        gates=_gates(session, actor, gates, change, deployment) if is_open else [],
        signatures=[_signature(people, one) for one in approvals_to(actor, approvals)],
        waits_for=_waits_for(change, deployment, approvals) if is_open else [],
        thresholds=_thresholds(version, deployment, change),
        replaced=_replaced(session, parts, deployment, version) if is_open else None,
        stop=stops.stop_here(
            session, actor, site_id=deployment.site_id, model_id=deployment.model_id
        ),
        lapsed=lapsed,
        lapses_at=lapses_at(change),
        may_agree=stands and reviews.can_agree(actor, change, deployment, version, approvals),
        may_look_again=stands and actor.id in {one.user_id for one in approvals},
        may_withdraw=is_open and _may_withdraw(actor, deployment),
        is_own=actor.id == change.requested_by,
        signer=_email(session, actor),
        reason=reason,
        faults=faults,
    )


def _email(session: ReadSession, actor: Actor) -> str:
    user = accounts.user(session, actor.id)
    return user.email if user else ""


def _title(change: DeploymentChange, names: Names) -> str:
    if change.to_mode is Mode.CANARY:
        return f"{names}: canary for {change.to_share} % of patients"
    return f"{names}: {change.to_mode.value}"


def _gates(
    session: ReadSession,
    actor: Actor,
    gates: GatesDep,
    change: DeploymentChange,
    deployment: Deployment,
) -> list[GateStatus]:
    step = transition(deployment.mode, change.to_mode)
    at = Target.of_deployment(session, deployment, change.to_thresholds)
    return shown_to(actor, statuses(session, gates, at, step.evidence))


def _signature(people: Mapping[str, str], approval: DeploymentApproval) -> Signature:
    capacities = [
        word
        for word, held in (
            ("Network manager", approval.as_manager),
            ("Clinical safety officer", approval.as_officer),
        )
        if held
    ]
    name = people.get(approval.user_id, "A person of the network or the site")
    gone = "Counts no more: no open account, or no such role here any more"
    return Signature(name, " and ".join(capacities) or gone, approval)


def _waits_for(
    change: DeploymentChange, deployment: Deployment, approvals: Sequence[DeploymentApproval]
) -> list[str]:
    step = transition(deployment.mode, change.to_mode)
    return [str(missing) for missing in missing_people(step, approvals)]


def _thresholds(
    version: ModelVersion, deployment: Deployment, change: DeploymentChange
) -> list[ThresholdLine]:
    before = effective_thresholds(version, deployment.thresholds)
    after = effective_thresholds(version, change.to_thresholds)
    return [ThresholdLine(key, before[key], after[key]) for key in sorted(after)]


def _replaced(
    session: ReadSession, parts: Parts, deployment: Deployment, version: ModelVersion
) -> Replaced | None:
    """Return what is live there now, if that is another version, and what differs from it."""
    live = repository.live(session, deployment.model_id, deployment.site_id)
    if live is None or live.id == deployment.id:
        return None
    present = repository.version_of(session, live)
    return Replaced(
        names=repository.names_of(session, [live])[live.id],
        version=present,
        differences=_differences(session, parts, present, version),
    )


def _differences(
    session: ReadSession, parts: Parts, present: ModelVersion, proposed: ModelVersion
) -> Sequence[Difference] | None:
    try:
        before = contents_of(session, parts.objects, present)
        return comparison.compare(before, contents_of(session, parts.objects, proposed))
    except (NotFound, Invalid):
        # A package that is lost does not keep the officer from the rest of the evidence.
        return None


def _may_withdraw(actor: Actor, deployment: Deployment) -> bool:
    site = deployment.site_id
    return actor.may(Permission.DEPLOYMENT_REQUEST, site) or actor.may(
        Permission.DEPLOYMENT_APPROVE, site
    )
