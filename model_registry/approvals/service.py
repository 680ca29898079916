"""Approve a version for the network, on evidence for exactly its bytes.

An approval says that the version may be brought to patients at all; whether it is at a site is that
site's own judgement (`deployments`). Gates that a higher floor keeps, such as the published card,
come in as `VersionGate`.
"""

from collections.abc import Sequence
from typing import Protocol

from model_registry.admission import repository as admission
from model_registry.admission.checks import NAMES
from model_registry.approvals.errors import NotApprovable
from model_registry.deployments.gate import GateStatus, Target
from model_registry.deployments.sign_offs import safety_case
from model_registry.plans.cover import cover
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from model_registry.versions.transitions import check_person, transition
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import VigilError
from vigil.kernel.identity.actor import Actor

_NO_SITE = ""


class VersionGate(Protocol):
    """A gate that a higher floor keeps for a version, whatever the site."""

    def status_of(self, session: ReadSession, version: ModelVersion) -> GateStatus: ...


Gates = Sequence[VersionGate]


def approve(
    session: WriteSession, actor: Actor, gates: Gates, *, version_id: str, reason: str
) -> ModelVersion:
    """Approve a version for the network.

    Raises:
        UnknownVersion: there is none for this actor.
        Forbidden: it takes a person of the network who has no part in the version.
        NotAllowedNow: its status is none that is approved.
        NotApprovable: evidence is missing.
    """
    version = versions.version(session, actor, version_id)
    check_person(actor, version, transition(VersionStatus.CHECKED, VersionStatus.APPROVED))
    transition(version.status, VersionStatus.APPROVED)
    missing = [gate.missing for gate in evidence(session, gates, version) if not gate.met]
    if missing:
        raise NotApprovable("; ".join(str(one) for one in missing))
    return versions.set_status(
        session, actor, version_id=version.id, status=VersionStatus.APPROVED, reason=reason
    )


def evidence(session: ReadSession, gates: Gates, version: ModelVersion) -> list[GateStatus]:
    """Return each thing that an approval rests on, there or not, and who can supply it."""
    case = safety_case(session, Target(version, _NO_SITE, ""), cover(session, version))
    return [
        _admission(session, version),
        case,
        *(gate.status_of(session, version) for gate in gates),
    ]


def may_approve(actor: Actor, version: ModelVersion) -> bool:
    """Whether this person could approve the version, were everything there."""
    try:
        check_person(actor, version, transition(version.status, VersionStatus.APPROVED))
    except VigilError:
        return False
    return True


def _admission(session: ReadSession, version: ModelVersion) -> GateStatus:
    found = admission.checks_of(session, version.id)
    passed = {check.name for check in found if check.passed}
    lacking = [name for name in NAMES if name not in passed]
    why = f"not passed: {', '.join(lacking)}" if lacking else f"{len(found)} checks passed"
    return GateStatus(
        name="admission",
        what="passed admission checks",
        who="the supplier",
        met=not lacking and len(passed) == len(found),
        why=why,
        evidence_id=version.id,
        evidence_path=f"/models/{version.model_id}/versions/{version.id}",
    )
