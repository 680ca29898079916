"""What serves patients on evidence that does not stand any more: shown until somebody supplies it.

It goes on serving (docs/adr/0007-gates-and-four-eyes.md), and cannot be resumed or widened.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model_registry.deployments import repository
from model_registry.deployments.gates import (
    GateStatus,
    ListingGate,
    ReleaseGate,
    Target,
    of_higher_floor,
)
from model_registry.deployments.models import Deployment
from model_registry.deployments.sign_offs import acceptances, safety_case
from model_registry.plans.cover import cover
from model_registry.safety import repository as safety
from model_registry.safety.configuration import configuration_digest
from model_registry.safety.models import AcceptanceKind
from model_registry.versions.models import ModelVersion
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor

Gates = Sequence[ReleaseGate]


@dataclass(frozen=True)
class StaleUse:
    """A deployment before patients, and one piece of evidence that it lacks now."""

    deployment: Deployment
    gate: GateStatus


def stale_in_use(session: ReadSession, actor: Actor, gates: Gates) -> list[StaleUse]:
    """Return what is live or a canary without all its evidence, that the actor may read.

    A supplier is told of its own safety cases and cards; what a site signed is the site's affair.
    """
    in_use = repository.serving(session, actor)
    targets = _targets(in_use)
    pairs = [(one, target) for (one, _), target in zip(in_use, targets, strict=True)]
    unsigned = {id(target) for target in _unsigned(session, targets)}
    unmet = _unmet(session, gates, targets)
    found = []
    for deployment, target in pairs:
        lacking = list(_signatures(session, target)) if id(target) in unsigned else []
        for gate in gates:
            if target.version.id in unmet.get(id(gate), {target.version.id}):
                lacking += of_higher_floor(session, gate, target)
        found += [StaleUse(deployment, one) for one in lacking if not one.met]
    return [one for one in found if actor.supplier_id is None or not one.gate.is_site_affair]


def note_lost(
    session: WriteSession, actor: Actor, *, version_id: str, lost: str, reason: str
) -> list[Deployment]:
    """Note at every place where a version serves patients that evidence for it is gone.

    Whoever took it away need not know the sites, and the sites have to hear of it.
    """
    serving = repository.serving_version(session, version_id)
    for one in serving:
        facts = {"kind": lost, "version": version_id, "site": one.site_id}
        audit.record(session, actor, "registry:deployment:uncovered", one.id, reason, **facts)
    return list(serving)


def _unsigned(session: ReadSession, targets: Sequence[Target]) -> Iterator[Target]:
    cases = safety.signed_case_digests(session, [one.version.digest for one in targets])
    accepted = safety.passed_acceptances(session, [one.configuration_digest for one in targets])
    for target in targets:
        at = (target.site_id, target.configuration_digest)
        has_all = all((kind, *at) in accepted for kind in AcceptanceKind)
        if target.version.digest not in cases or not has_all:
            yield target


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


def _unmet(
    session: ReadSession, gates: Gates, targets: Sequence[Target]
) -> dict[int, frozenset[str]]:
    """Return which versions do not meet those gates that can say it of all at once."""
    versions = [one.version for one in targets]
    return {id(g): g.unmet(session, versions) for g in gates if isinstance(g, ListingGate)}


def _signatures(session: ReadSession, target: Target) -> Iterator[GateStatus]:
    plan = cover(session, target.version)
    yield safety_case(session, target, plan)
    yield from acceptances(session, target, plan)
