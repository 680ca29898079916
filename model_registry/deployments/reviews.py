"""Open proposals as the people see them who have to decide: what, where, whose turn it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from model_registry.deployments import repository
from model_registry.deployments.gate import Missing
from model_registry.deployments.lapse import lapsed, lapses_at
from model_registry.deployments.models import Deployment, DeploymentApproval, DeploymentChange
from model_registry.deployments.people import (
    as_they_count,
    is_manager,
    is_officer,
    missing_people,
)
from model_registry.deployments.repository import Names
from model_registry.deployments.shown import approvals_to, change_to
from model_registry.deployments.transitions import People, transition
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import service as identity
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
        lapsed: why nobody can agree to it any more; None while it stands.
    """

    change: DeploymentChange
    deployment: Deployment
    version: ModelVersion
    names: Names
    asked_by: str
    approvals: Sequence[DeploymentApproval]
    waits_for: Sequence[Missing]
    is_mine: bool
    lapsed: str | None = None

    @property
    def lapses_at(self) -> datetime:
        return lapses_at(self.change)


def open_proposals(
    session: ReadSession,
    actor: Actor,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> list[Proposal]:
    """Return open proposals, the oldest first: a few queries, however many there are."""
    rows = repository.open_proposals(session, actor, after=after, limit=limit)
    approvals = repository.approvals_of(session, [change.id for change, _, _ in rows])
    given = [one.user_id for each in approvals.values() for one in each]
    seen = _Seen(
        approvals=approvals,
        names=repository.names_of(session, [deployment for _, deployment, _ in rows]),
        people=repository.people(session, [change.requested_by for change, _, _ in rows]),
        now=identity.actors_now(session, given),
        lapsed=lapsed(session, rows),
    )
    return [_proposal(actor, seen, *row) for row in rows]


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


@dataclass(frozen=True)
class _Seen:
    """What is read once for all proposals of a list."""

    approvals: Mapping[str, list[DeploymentApproval]]
    names: Mapping[str, Names]
    people: Mapping[str, str]
    now: Mapping[str, Actor]
    lapsed: Mapping[str, str]


def _proposal(
    actor: Actor,
    seen: _Seen,
    change: DeploymentChange,
    deployment: Deployment,
    version: ModelVersion,
) -> Proposal:
    step = transition(deployment.mode, change.to_mode)
    given = as_they_count(seen.now, deployment.site_id, seen.approvals.get(change.id, []))
    why = seen.lapsed.get(change.id)
    asked_by = seen.people.get(change.requested_by, "Vigil itself")
    return Proposal(
        change=change_to(actor, change),
        deployment=deployment,
        version=version,
        names=seen.names[deployment.id],
        asked_by=asked_by if actor.supplier_id is None else "",
        approvals=approvals_to(actor, given),
        waits_for=missing_people(step, given),
        is_mine=why is None and can_agree(actor, change, deployment, version, given),
        lapsed=why,
    )
