"""A network with one site, everybody who signs something there, and what they sign."""

from dataclasses import dataclass

from factories.identity import create_organisation, create_person, create_site
from factories.packages import manifest

from model_registry.packages.manifest import Manifest, preprocessing_digest
from model_registry.safety import service
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase
from model_registry.versions import repository
from model_registry.versions.models import Model, ModelVersion, VersionStatus
from vigil.kernel.db import WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation, OrganisationKind, Site
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import ObjectStore, sha256


@dataclass(frozen=True)
class Cast:
    """Who plays: a supplier, a network, and a provider's site with an officer of its own."""

    supplier: Organisation
    site: Site
    submitter: Actor
    supplier_officer: Actor
    manager: Actor
    other_manager: Actor
    network_officer: Actor
    site_officer: Actor


def create_cast(session: WriteSession) -> Cast:
    supplier = create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
    create_organisation(session, "NET", OrganisationKind.NETWORK)
    site = create_site(session, "RXX01")
    return Cast(
        supplier=supplier,
        site=site,
        submitter=create_person(session, "ACME", Role.SUPPLIER),
        supplier_officer=create_person(session, "ACME", Role.CSO),
        manager=create_person(session, "NET", Role.NETWORK_MANAGER),
        other_manager=create_person(session, "NET", Role.NETWORK_MANAGER),
        network_officer=create_person(session, "NET", Role.CSO),
        site_officer=create_person(session, "RXX", Role.CSO, site_id=site.id),
    )


def create_version(
    session: WriteSession,
    cast: Cast,
    label: str = "1.0.0",
    *,
    status: VersionStatus = VersionStatus.APPROVED,
    submitted_by: str | None = None,
    name: str = "linear-three",
) -> ModelVersion:
    """A version as the network's approval leaves it, without the bytes."""
    described = Manifest.model_validate(manifest(name=name, version=label))
    model = repository.model_of(session, cast.supplier.id, name)
    if model is None:
        model = Model(
            id=session.new_id("mdl"), organisation_id=cast.supplier.id, name=name, title=name
        )
        session.add(model)
        session.flush()
    version = ModelVersion(
        id=session.new_id("ver"),
        model_id=model.id,
        organisation_id=cast.supplier.id,
        version=label,
        digest=sha256(f"{name} {label}".encode()),
        size=1,
        manifest=described.as_json(),
        preprocessing_digest=preprocessing_digest(described),
        status=status,
        submitted_by=submitted_by or cast.submitter.id,
        submitted_at=session.now(),
    )
    session.add(version)
    session.flush()
    return version


def create_case(
    session: WriteSession, objects: ObjectStore, cast: Cast, version: ModelVersion
) -> SafetyCase:
    """A safety case that is not signed yet."""
    return service.submit_case(
        session,
        cast.submitter,
        objects,
        version_id=version.id,
        title="Clinical safety case report",
        content=f"case of {version.id}".encode(),
        reason="test",
    )


def sign_case(
    session: WriteSession, objects: ObjectStore, cast: Cast, version: ModelVersion
) -> SafetyCase:
    case = create_case(session, objects, cast, version)
    return service.sign_case(session, cast.supplier_officer, case_id=case.id, reason="test")


def create_acceptance(
    session: WriteSession,
    objects: ObjectStore,
    cast: Cast,
    version: ModelVersion,
    kind: AcceptanceKind = AcceptanceKind.DCB0160,
    *,
    passed: bool = True,
    thresholds: dict[str, float] | None = None,
) -> Acceptance:
    """An acceptance that is not signed yet."""
    return service.draft_acceptance(
        session,
        cast.site_officer,
        objects,
        kind=kind,
        version_id=version.id,
        site_id=cast.site.id,
        thresholds=thresholds or {},
        content=b"judgement",
        passed=passed,
        reason="test",
    )


def accept(
    session: WriteSession,
    objects: ObjectStore,
    cast: Cast,
    version: ModelVersion,
    kind: AcceptanceKind = AcceptanceKind.DCB0160,
    *,
    passed: bool = True,
    thresholds: dict[str, float] | None = None,
) -> Acceptance:
    draft = create_acceptance(
        session, objects, cast, version, kind, passed=passed, thresholds=thresholds
    )
    return service.sign_acceptance(
        session, cast.site_officer, Events(), acceptance_id=draft.id, reason="test"
    )


def sign_everything(
    session: WriteSession,
    objects: ObjectStore,
    cast: Cast,
    version: ModelVersion,
    thresholds: dict[str, float] | None = None,
) -> None:
    """All that a version needs to go live at the site, but for the people who decide it."""
    sign_case(session, objects, cast, version)
    for kind in AcceptanceKind:
        accept(session, objects, cast, version, kind, thresholds=thresholds)
