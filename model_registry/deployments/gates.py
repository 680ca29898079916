"""What must be there before a version reaches a patient, and who can supply what is not.

Each gate looks at the evidence as it is now, for exactly these bytes in exactly this configuration,
and is shown whether it is met or not. Gates that a higher floor keeps, such as the published
card, come in as `ReleaseGate`.
"""

from collections.abc import Iterator, Sequence

from model_registry.deployments.gate import (
    GateStatus,
    ListingGate,
    Missing,
    ReleaseGate,
    SpeakingGate,
    Target,
)
from model_registry.deployments.sign_offs import acceptances, safety_case
from model_registry.deployments.transitions import Evidence
from model_registry.plans.cover import cover
from model_registry.versions.models import VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

__all__ = [
    "GateStatus",
    "ListingGate",
    "Missing",
    "ReleaseGate",
    "SpeakingGate",
    "Target",
    "evaluate",
    "shown_to",
    "statuses",
]

_ADMITTED = frozenset({VersionStatus.CHECKED, VersionStatus.APPROVED})


def evaluate(
    session: ReadSession,
    gates: Sequence[ReleaseGate],
    target: Target,
    needed: Evidence = Evidence.ALL,
) -> list[Missing]:
    """Return every gate that is not met; an empty list lets the version through."""
    return [gate.missing for gate in statuses(session, gates, target, needed) if not gate.met]


def statuses(
    session: ReadSession,
    gates: Sequence[ReleaseGate],
    target: Target,
    needed: Evidence = Evidence.ALL,
) -> list[GateStatus]:
    """Return every gate that a step needs, met or not, in the order in which they are supplied."""
    if needed is Evidence.NONE:
        return []
    found = [_admitted(target)]
    if needed is Evidence.ALL:
        found += _approval(target)
        plan = cover(session, target.version)
        found.append(safety_case(session, target, plan))
        found += acceptances(session, target, plan, gates)
        for gate in gates:
            found += of_higher_floor(session, gate, target)
    return found


def shown_to(actor: Actor, found: Sequence[GateStatus]) -> list[GateStatus]:
    """Leave out, for a supplier, who signed what at a site: it sees whether the gate is met."""
    if actor.supplier_id is None:
        return list(found)
    return [_hidden(gate) if gate.is_site_affair else gate for gate in found]


def _hidden(gate: GateStatus) -> GateStatus:
    return GateStatus(gate.name, gate.what, gate.who, gate.met, is_site_affair=True)


def of_higher_floor(
    session: ReadSession, gate: ReleaseGate, target: Target
) -> Iterator[GateStatus]:
    """Yield how a gate of a higher floor stands; one that does not speak, only where unmet."""
    if isinstance(gate, SpeakingGate):
        yield from gate.statuses(session, target.version, target.site_id)
        return
    for missing in gate.missing(session, target.version, target.site_id):
        yield GateStatus("release", missing.what, missing.who, met=False)


def _admitted(target: Target) -> GateStatus:
    version = target.version
    missing = _admission(target)
    return GateStatus(
        name="admission",
        what=missing[0].what if missing else "passed admission checks",
        who=missing[0].who if missing else "the supplier",
        met=not missing,
        why=f"the version is {version.status.value}",
        evidence_id=version.id,
        evidence_path=f"/models/{version.model_id}/versions/{version.id}",
    )


def _admission(target: Target) -> list[Missing]:
    status = target.version.status
    if status in _ADMITTED:
        return []
    return [Missing(f"passed admission checks (the version is {status.value})", "the supplier")]


def _approval(target: Target) -> list[GateStatus]:
    """The network's own word, which counts only for what passed its checks."""
    version = target.version
    if version.status not in _ADMITTED:
        return []
    met = version.status is VersionStatus.APPROVED
    return [
        GateStatus(
            name="approval",
            what="the network's approval of this version",
            who="a network manager or clinical safety officer of the network",
            met=met,
            why="approved" if met else "the version is checked, and nobody has approved it",
            evidence_id=version.id,
            evidence_path=f"/models/{version.model_id}/versions/{version.id}",
        )
    ]
