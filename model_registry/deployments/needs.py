"""All that a step still needs, evidence and people, as whoever asks may see it."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_registry.deployments import repository, service
from model_registry.deployments.gate import GateStatus, Missing, ReleaseGate, Target
from model_registry.deployments.gates import shown_to, statuses
from model_registry.deployments.lapse import lapsed
from model_registry.deployments.models import Mode
from model_registry.deployments.people import counting, missing_people
from model_registry.deployments.transitions import transition
from model_registry.safety.configuration import check_thresholds
from model_registry.versions import service as versions
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

Gates = Sequence[ReleaseGate]


@dataclass(frozen=True)
class Needs:
    """What a version at a site has and lacks to be in a mode."""

    version_id: str
    site_id: str
    to_mode: Mode
    gates: tuple[GateStatus, ...]
    people: tuple[Missing, ...]

    @property
    def met(self) -> bool:
        return all(gate.met for gate in self.gates) and not self.people


def of_deployment(
    session: ReadSession, actor: Actor, gates: Gates, *, deployment_id: str, to_mode: Mode
) -> Needs:
    """Return what a deployment needs; the people of an open proposal for the mode count.

    Raises:
        NoSuchWay: there is no way from its mode to that one.
    """
    deployment = service.deployment_by_id(session, actor, deployment_id)
    step = transition(deployment.mode, to_mode)
    changes = repository.open_changes(session, [deployment.id])
    version = versions.version(session, actor, deployment.version_id)
    gone = lapsed(session, [(one, deployment, version) for one in changes])
    change = next((c for c in changes if c.to_mode is to_mode and c.id not in gone), None)
    thresholds = change.to_thresholds if change else deployment.thresholds
    target = Target.of_deployment(session, deployment, thresholds)
    found = statuses(session, gates, target, step.evidence)
    given = repository.approvals(session, change.id) if change else ()
    people = missing_people(step, counting(session, deployment.site_id, given))
    return _needs(actor, target, to_mode, found, people)


def of_version(
    session: ReadSession,
    actor: Actor,
    gates: Gates,
    *,
    version_id: str,
    site_id: str,
    to_mode: Mode,
    thresholds: dict[str, float],
) -> Needs:
    """Return what a version would need at a site, as from shadow, deployed there or not.

    Raises:
        BadThresholds: a threshold does not fit the model.
    """
    version = versions.version(session, actor, version_id)
    check_thresholds(version, thresholds)
    step = transition(Mode.SHADOW, to_mode)
    target = Target.of(version, site_id, thresholds)
    found = statuses(session, gates, target, step.evidence)
    return _needs(actor, target, to_mode, found, missing_people(step, ()))


def _needs(
    actor: Actor,
    target: Target,
    to_mode: Mode,
    found: Sequence[GateStatus],
    people: Sequence[Missing],
) -> Needs:
    shown = tuple(shown_to(actor, found))
    return Needs(target.version.id, target.site_id, to_mode, shown, tuple(people))
