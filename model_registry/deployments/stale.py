"""What serves patients on signatures that do not stand any more: shown until somebody signs again.

It goes on serving (docs/adr/0007-gates-and-four-eyes.md), and cannot be resumed or widened.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from model_registry.deployments import repository
from model_registry.deployments.gate import GateStatus, Target
from model_registry.deployments.models import Deployment
from model_registry.deployments.sign_offs import CASE, acceptances, safety_case
from model_registry.plans.cover import cover
from model_registry.safety import repository as safety
from model_registry.safety.configuration import configuration_digest
from model_registry.safety.models import AcceptanceKind
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


@dataclass(frozen=True)
class StaleUse:
    """A deployment before patients, and one signature that it lacks now."""

    deployment: Deployment
    gate: GateStatus


def stale_in_use(session: ReadSession, actor: Actor) -> list[StaleUse]:
    """Return what is live or a canary without all its signatures, that the actor may read.

    A supplier is told of its own safety cases; what a site signed is the site's affair.
    """
    in_use = repository.serving(session, actor)
    targets = _targets(in_use)
    cases = safety.signed_case_digests(session, [target.version.digest for target in targets])
    accepted = safety.passed_acceptances(
        session, [target.configuration_digest for target in targets]
    )
    found = []
    for (deployment, _), target in zip(in_use, targets, strict=True):
        at = (target.site_id, target.configuration_digest)
        whole = target.version.digest in cases and all((k, *at) in accepted for k in AcceptanceKind)
        if not whole:
            found += [StaleUse(deployment, gate) for gate in _lacking(session, target)]
    return [one for one in found if actor.supplier_id is None or one.gate.name == CASE]


def _targets(in_use: Sequence[tuple[Deployment, ModelVersion]]) -> list[Target]:
    """Return what serves where; a version's manifest is read once, not at each of its sites."""
    digests: dict[tuple[str, str], str] = {}
    targets = []
    for one, version in in_use:
        key = version.id, repr(sorted(one.thresholds.items()))
        if key not in digests:
            digests[key] = configuration_digest(version, one.thresholds)
        targets.append(Target(version, one.site_id, digests[key], dict(one.thresholds)))
    return targets


def _lacking(session: ReadSession, target: Target) -> list[GateStatus]:
    plan = cover(session, target.version)
    gates = [safety_case(session, target, plan), *acceptances(session, target, plan)]
    return [gate for gate in gates if not gate.met]
