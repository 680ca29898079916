"""Model versions for tests: submitted from real packages, and checked where a test wants that."""

from collections.abc import Mapping, Sequence
from typing import Any

from factories import packages
from factories.identity import SETUP
from factories.keys import trust_signing_key
from factories.runners import Computed

from model_registry.admission import service as admission
from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array
from model_registry.versions import service
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import WriteSession
from vigil.kernel.identity import repository
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.objects import ObjectStore


class LinearRunner:
    """Computes the tiny model with numpy: what the runtime's child process does for real."""

    def __init__(self, drift: float = 0.0) -> None:
        self._drift = drift
        self._runs = 0

    def load(self, package: ModelPackage, *, cases: int = 1) -> Computed:
        return Computed(self._scores)

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> dict[str, Array]:
        return {"image": packages.IMAGE}

    def _scores(self, inputs: dict[str, Array]) -> Mapping[str, Array]:
        self._runs += 1
        return {"scores": packages.scores_of(inputs["image"]) + self._drift * self._runs}


def create_version(
    session: WriteSession, objects: ObjectStore, supplier: str = "ACME", **options: Any
) -> ModelVersion:
    """A submitted version; its supplier is made where there is none of that code."""
    if repository.organisation_by_code(session, supplier) is None:
        identity.create_organisation(
            session, SETUP, ods_code=supplier, name=supplier, kind=OrganisationKind.SUPPLIER
        )
    trust_signing_key(session, supplier)
    archive = packages.signed_archive(supplier=supplier, **options)
    return service.submit(session, SETUP, objects=objects, handover=Handover.of(archive))


def create_checked_version(
    session: WriteSession, objects: ObjectStore, supplier: str = "ACME", **options: Any
) -> ModelVersion:
    """A version that passed every admission check."""
    version = create_version(session, objects, supplier, **options)
    admission.admit(session, SETUP, version=version, runner=LinearRunner(), objects=objects)
    return version


def create_approved_version(
    session: WriteSession, objects: ObjectStore, supplier: str = "ACME", **options: Any
) -> ModelVersion:
    """A version as the network's approval leaves it: for tests that are not about getting there."""
    version = create_version(session, objects, supplier, **options)
    version.status = VersionStatus.APPROVED
    session.add(version)
    session.flush()
    return version
