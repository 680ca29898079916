"""What must be there before a version reaches a patient, and who can supply what is not.

Each gate looks at the evidence as it is now, for exactly these bytes in exactly this configuration.
Gates that a higher floor keeps, such as the published card, come in as `ReleaseGate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from model_registry.deployments import repository
from model_registry.deployments.models import Deployment
from model_registry.deployments.transitions import Evidence
from model_registry.safety import repository as safety
from model_registry.safety.configuration import configuration_digest
from model_registry.safety.models import AcceptanceKind
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession

_ADMITTED = frozenset({VersionStatus.CHECKED, VersionStatus.APPROVED})
_OFFICER = "the site's clinical safety officer"
_NAMES = {
    AcceptanceKind.DCB0160: "the site's DCB0160 acceptance of this configuration",
    AcceptanceKind.LOCAL_TEST: "a passed local acceptance test of this configuration",
}


@dataclass(frozen=True)
class Missing:
    """A gate that is not met: what is lacking, and who can supply it."""

    what: str
    who: str

    def __str__(self) -> str:
        return f"{self.what} (from {self.who})"


class ReleaseGate(Protocol):
    """A gate that a higher floor keeps."""

    def missing(
        self, session: ReadSession, version: ModelVersion, site_id: str
    ) -> list[Missing]: ...


@dataclass(frozen=True)
class Target:
    """What would run where, and with which thresholds of the site's own."""

    version: ModelVersion
    site_id: str
    configuration_digest: str

    @classmethod
    def of(cls, version: ModelVersion, site_id: str, thresholds: dict[str, float]) -> "Target":
        return cls(version, site_id, configuration_digest(version, thresholds))

    @classmethod
    def of_deployment(
        cls, session: ReadSession, deployment: Deployment, thresholds: dict[str, float]
    ) -> "Target":
        version = repository.version_of(session, deployment)
        return cls.of(version, deployment.site_id, thresholds)


def evaluate(
    session: ReadSession,
    gates: Sequence[ReleaseGate],
    target: Target,
    needed: Evidence = Evidence.ALL,
) -> list[Missing]:
    """Return every gate that is not met; an empty list lets the version through."""
    if needed is Evidence.NONE:
        return []
    missing = _admission(target)
    if needed is Evidence.ALL:
        missing += _safety_case(session, target)
        missing += _acceptances(session, target)
        for gate in gates:
            missing += gate.missing(session, target.version, target.site_id)
    return missing


def _admission(target: Target) -> list[Missing]:
    status = target.version.status
    if status in _ADMITTED:
        return []
    return [Missing(f"passed admission checks (the version is {status.value})", "the supplier")]


def _safety_case(session: ReadSession, target: Target) -> list[Missing]:
    if safety.signed_case(session, target.version.digest):
        return []
    return [
        Missing(
            "a signed DCB0129 safety case for exactly this version",
            "a clinical safety officer of the supplier or the network",
        )
    ]


def _acceptances(session: ReadSession, target: Target) -> list[Missing]:
    missing = []
    for kind in AcceptanceKind:
        signed = safety.signed_acceptance(
            session,
            kind=kind,
            site_id=target.site_id,
            configuration_digest=target.configuration_digest,
        )
        # A signed judgement may be that it failed; that never opens the gate.
        if signed is None or not signed.passed:
            missing.append(Missing(_NAMES[kind], _OFFICER))
    return missing
