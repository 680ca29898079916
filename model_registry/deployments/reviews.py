"""Open proposals as the people see them who have to decide: what, where, whose turn it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_registry.deployments import repository
from model_registry.deployments.gate import Missing
from model_registry.deployments.models import Deployment, DeploymentApproval, DeploymentChange
from model_registry.deployments.people import is_manager, is_officer, missing_people
from model_registry.deployments.repository import Names
from model_registry.deployments.shown import approvals_to, change_to
from model_registry.deployments.transitions import People, transition
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


@dataclass(frozen=True)
class Proposal:
    """An open proposal with its agreements, and the people it still waits for.

    Attributes:
        names: what people call the site, the model and the version.
        asked_by: the name of who asked; empty for a supplier.
        waits_for: whose agreement is lacking.
        is_mine: whether the one who looks can give such an agreement.
    """

    change: DeploymentChange
    deployment: Deployment
    version: ModelVersion
    names: Names
    asked_by: str
    approvals: Sequence[DeploymentApproval]
    waits_for: Sequence[Missing]
    is_mine: bool


def open_proposals(
    session: ReadSession,
    actor: Actor,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> list[Proposal]:
    """Return open proposals, the oldest first: four queries, however many there are."""
    rows = repository.open_proposals(session, actor, after=after, limit=limit)
    approvals = repository.approvals_of(session, [change.id for change, _, _ in rows])
    names = repository.names_of(session, [deployment for _, deployment, _ in rows])
    is_supplier = actor.supplier_id is not None
    people = {} if is_supplier else repository.people(session, [c.requested_by for c, _, _ in rows])
    return [
        _proposal(
            actor,
            change,
            deployment,
            version,
            names[deployment.id],
            "" if is_supplier else people.get(change.requested_by, "Vigil itself"),
            approvals.get(change.id, []),
        )
        for change, deployment, version in rows
    ]


def waiting_for(session: ReadSession, actor: Actor) -> list[Proposal]:
    """Return the open proposals that the actor's agreement would bring forward."""
    if not actor.may(Permission.DEPLOYMENT_APPROVE):
        return []
    return [proposal for proposal in open_proposals(session, actor) if proposal.is_mine]


def can_agree(
    actor: Actor,
    change: DeploymentChange,
    deployment: Deployment,
    version: ModelVersion,
    approvals: Sequence[DeploymentApproval],
) -> bool:
    """Whether the actor's word would count and add something that is lacking."""
    step = transition(deployment.mode, change.to_mode)
    is_own = step.people is People.MANAGER_AND_OFFICER and actor.id == version.submitted_by
    if actor.is_system or is_own or actor.id in {one.user_id for one in approvals}:
        return False
    if not actor.may(Permission.DEPLOYMENT_APPROVE, deployment.site_id):
        return False
    mine = DeploymentApproval(
        id="",
        change_id=change.id,
        user_id=actor.id,
        as_manager=is_manager(actor, deployment.site_id),
        as_officer=is_officer(actor, deployment.site_id),
        at=change.requested_at,
    )
    return missing_people(step, [*approvals, mine]) != missing_people(step, approvals)


def _proposal(
    actor: Actor,
    change: DeploymentChange,
    deployment: Deployment,
    version: ModelVersion,
    names: Names,
    asked_by: str,
    approvals: Sequence[DeploymentApproval],
) -> Proposal:
    step = transition(deployment.mode, change.to_mode)
    return Proposal(
        change=change_to(actor, change),
        deployment=deployment,
        version=version,
        names=names,
        asked_by=asked_by,
        approvals=approvals_to(actor, approvals),
        waits_for=missing_people(step, approvals),
        is_mine=can_agree(actor, change, deployment, version, approvals),
    )
