"""What a gate is: a thing asked for before a version reaches a patient, met or not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from model_registry.deployments import repository
from model_registry.deployments.models import Deployment
from model_registry.packages.plan_document import Criterion
from model_registry.safety.configuration import configuration_digest
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession


@dataclass(frozen=True)
class Missing:
    """A gate that is not met: what is lacking, and who can supply it."""

    what: str
    who: str

    def __str__(self) -> str:
        return f"{self.what} (from {self.who})"


@dataclass(frozen=True)
class GateStatus:
    """One gate as it stands.

    Attributes:
        name: `admission`, `safety_case`, `dcb0160`, `local_test`, or what a higher floor calls its.
        what: what is asked for.
        who: who can supply it.
        met: whether it is there.
        why: on what the gate is met, or why it is not.
        evidence_id: the document it is met by, or the one that is stale or failed.
        evidence_path: the page that shows that document.
        signed_by: the name of who signed it.
        signed_at: when.
        stale_at: since when the document does not count any more.
        is_site_affair: whether only the site's own people and the network see more than `met`.
    """

    name: str
    what: str
    who: str
    met: bool
    why: str = ""
    evidence_id: str | None = None
    evidence_path: str | None = None
    signed_by: str | None = None
    signed_at: datetime | None = None
    stale_at: datetime | None = None
    is_site_affair: bool = False

    @property
    def missing(self) -> Missing:
        return Missing(self.what, self.who)


class ReleaseGate(Protocol):
    """A gate that a higher floor keeps."""

    def missing(
        self, session: ReadSession, version: ModelVersion, site_id: str
    ) -> list[Missing]: ...


@runtime_checkable
class SpeakingGate(ReleaseGate, Protocol):
    """One that also says on what it is met."""

    def statuses(
        self, session: ReadSession, version: ModelVersion, site_id: str
    ) -> list[GateStatus]: ...


@runtime_checkable
class LocalTestReader(Protocol):
    """One that reads what a test of Vigil's asked and found."""

    def unshown(
        self, session: ReadSession, local_test_id: str, criteria: Sequence[Criterion]
    ) -> list[str]:
        """Say which criteria of a change plan the test did not ask for, or did not show."""


@runtime_checkable
class ListingGate(ReleaseGate, Protocol):
    """One that says of many versions at once which do not meet it: for lists that stay quick."""

    def unmet(self, session: ReadSession, versions: Sequence[ModelVersion]) -> frozenset[str]: ...


@dataclass(frozen=True)
class Target:
    """What would run where, and with which thresholds of the site's own."""

    version: ModelVersion
    site_id: str
    configuration_digest: str
    thresholds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, version: ModelVersion, site_id: str, thresholds: dict[str, float]) -> "Target":
        digest = configuration_digest(version, thresholds)
        return cls(version, site_id, digest, dict(thresholds))

    @classmethod
    def of_deployment(
        cls, session: ReadSession, deployment: Deployment, thresholds: dict[str, float]
    ) -> "Target":
        version = repository.version_of(session, deployment)
        return cls.of(version, deployment.site_id, thresholds)
