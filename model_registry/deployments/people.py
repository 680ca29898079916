"""The two people of the four-eyes rule: a manager and, someone else, a clinical safety officer.

A part of Vigil is nobody here, and who submitted the version has no say (design invariant 5).
"""

from collections.abc import Mapping, Sequence

from model_registry.deployments.errors import NotAPerson, OwnSubmission
from model_registry.deployments.gates import Missing
from model_registry.deployments.models import DeploymentApproval
from model_registry.deployments.transitions import People, Transition
from model_registry.safety.officers import covers
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

_MANAGER = Missing("a manager's agreement", "a network manager who did not submit the version")
_OFFICER = Missing(
    "a second person's agreement",
    "a clinical safety officer of the site, other than the manager who agreed",
)


def is_manager(actor: Actor, site_id: str) -> bool:
    return not actor.is_system and actor.may(Permission.DEPLOYMENT_REQUEST, site_id)


def is_officer(actor: Actor, site_id: str) -> bool:
    return covers(actor, site_id) and actor.may(Permission.DEPLOYMENT_APPROVE, site_id)


def check_person(actor: Actor, version: ModelVersion, step: Transition) -> None:
    """Go on only if the actor's word can count for this step.

    Raises:
        NotAPerson: the actor is a part of Vigil.
        OwnSubmission: the actor submitted the version.
    """
    if actor.is_system:
        raise NotAPerson("Sign in as a person: Vigil itself decides only towards safety.")
    if step.people is People.MANAGER_AND_OFFICER and actor.id == version.submitted_by:
        raise OwnSubmission("Who submitted a version neither requests nor approves its use.")


def counting(
    session: ReadSession, site_id: str, approvals: Sequence[DeploymentApproval]
) -> list[DeploymentApproval]:
    """Return the agreements as they count now: see `as_they_count`."""
    now = identity.actors_now(session, [one.user_id for one in approvals])
    return as_they_count(now, site_id, approvals)


def as_they_count(
    now: Mapping[str, Actor], site_id: str, approvals: Sequence[DeploymentApproval]
) -> list[DeploymentApproval]:
    """Return agreements in the capacities that each person had then and has still.

    Who has no open account any more, or no role that covers the site, agreed to nothing.
    """
    return [_as_it_counts(now.get(one.user_id), site_id, one) for one in approvals]


def counts(approval: DeploymentApproval) -> bool:
    return approval.as_manager or approval.as_officer


def missing_people(step: Transition, approvals: Sequence[DeploymentApproval]) -> list[Missing]:
    """Return whose agreement is lacking: two different people, each in a capacity of its own."""
    managers = {approval.user_id for approval in approvals if approval.as_manager}
    officers = {approval.user_id for approval in approvals if approval.as_officer}
    if step.people is People.ANYBODY:
        return []
    if not managers:
        return [_MANAGER, _OFFICER] if _needs_officer(step, officers) else [_MANAGER]
    if step.people is People.MANAGER_AND_OFFICER and not _differ(managers, officers):
        return [_OFFICER]
    return []


def _as_it_counts(
    person: Actor | None, site_id: str, approval: DeploymentApproval
) -> DeploymentApproval:
    as_manager = approval.as_manager and person is not None and is_manager(person, site_id)
    as_officer = approval.as_officer and person is not None and is_officer(person, site_id)
    held = {"as_manager": as_manager, "as_officer": as_officer}
    return DeploymentApproval(**(approval.model_dump() | held))


def _needs_officer(step: Transition, officers: set[str]) -> bool:
    return step.people is People.MANAGER_AND_OFFICER and not officers


def _differ(managers: set[str], officers: set[str]) -> bool:
    return any(manager != officer for manager in managers for officer in officers)
