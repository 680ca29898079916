"""Take in versions, find them, and move them from one status to the next.

What was handed over is kept byte for byte under its digest. The same bytes again are the same
version; other bytes under the same label are refused: a version never changes (design invariant 4).
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import IntegrityError

from model_registry.packages.archive import ModelPackage
from model_registry.packages.layout import MANIFEST, missing
from model_registry.packages.manifest import Manifest, preprocessing_digest
from model_registry.versions import repository
from model_registry.versions.errors import (
    ForeignSupplier,
    NotAllowedNow,
    UnknownModel,
    UnknownVersion,
    VersionTaken,
)
from model_registry.versions.models import Model, ModelVersion, VersionStatus
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation, OrganisationKind
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore, sha256

ADMIT: Final = "versions.admit"
PAGE: Final = 50

_S = VersionStatus
_NEXT: Final[dict[VersionStatus, frozenset[VersionStatus]]] = {
    _S.SUBMITTED: frozenset({_S.CHECKED, _S.REFUSED, _S.WITHDRAWN}),
    _S.CHECKED: frozenset({_S.CHECKED, _S.REFUSED, _S.APPROVED, _S.WITHDRAWN}),
    _S.REFUSED: frozenset({_S.CHECKED, _S.REFUSED, _S.WITHDRAWN}),
    _S.APPROVED: frozenset({_S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset(),
}


def submit(
    session: WriteSession,
    actor: Actor,
    *,
    objects: ObjectStore,
    archive: bytes,
    reason: str = "submitted",
) -> ModelVersion:
    """Take in a package and return its version, which admission then checks.

    Raises:
        BrokenPackage: the archive or the manifest is not readable.
        ForeignSupplier: the manifest names another organisation.
        VersionTaken: the label stands for other bytes already.
    """
    actor.require(Permission.VERSION_SUBMIT)
    manifest = _manifest_of(archive)
    organisation = _organisation(session, actor, manifest)
    digest = sha256(archive)
    model = repository.model_of(session, organisation.id, manifest.model.name)
    known = repository.version_of(session, model.id, manifest.model.version) if model else None
    if known is not None:
        return _same(known, digest)
    objects.put(archive)
    model = model or _new_model(session, organisation, manifest)
    version = ModelVersion(
        id=session.new_id("ver"),
        model_id=model.id,
        organisation_id=organisation.id,
        version=manifest.model.version,
        digest=digest,
        size=len(archive),
        manifest=manifest.as_json(),
        preprocessing_digest=preprocessing_digest(manifest),
        status=VersionStatus.SUBMITTED,
        submitted_by=actor.id,
        submitted_at=session.now(),
    )
    session.add(version)
    try:
        session.flush()
    except IntegrityError:
        raise VersionTaken("It is being submitted at this moment. Ask again.") from None
    facts = {"digest": digest, "model": model.name, "label": version.version}
    audit.record(session, actor, "supplier:version:submit", version.id, reason, **facts)
    return version


def request_admission(session: WriteSession, queue: Queue, version: ModelVersion) -> None:
    """Have a worker check the version; what was checked well already is not checked again.

    Submitting the same bytes once more is how a failed examination is repeated: once a minute.
    """
    if version.status in {VersionStatus.SUBMITTED, VersionStatus.REFUSED}:
        key = f"{ADMIT}:{version.id}:{session.now():%Y%m%d%H%M}"
        queue.enqueue(session, ADMIT, version.id, key=key)


def set_status(
    session: WriteSession, actor: Actor, *, version_id: str, status: VersionStatus, reason: str
) -> ModelVersion:
    """Move a version to its next status; who may is for the caller's rule to say.

    Raises:
        NotAllowedNow: the status does not follow the one it has.
    """
    found = version(session, actor, version_id)
    if status not in _NEXT[found.status]:
        raise NotAllowedNow(f"The version is {found.status.value}, not to be {status.value}.")
    found.status = status
    session.add(found)
    session.flush()
    audit.record(session, actor, f"registry:version:{status.value}", found.id, reason)
    return found


def withdraw(session: WriteSession, actor: Actor, *, version_id: str, reason: str) -> ModelVersion:
    """Take a version back, for good."""
    actor.require(Permission.VERSION_SUBMIT)
    return set_status(
        session, actor, version_id=version_id, status=VersionStatus.WITHDRAWN, reason=reason
    )


def models(
    session: ReadSession, actor: Actor, *, before: str | None = None, limit: int = PAGE
) -> Sequence[Model]:
    """Return models, the newest first."""
    actor.require(Permission.REGISTRY_READ)
    return repository.models(session, actor, before=before, limit=limit)


def model(session: ReadSession, actor: Actor, model_id: str) -> Model:
    actor.require(Permission.REGISTRY_READ)
    found = repository.model(session, actor, model_id)
    if found is None:
        raise UnknownModel("No model has this id, or it belongs to another supplier.")
    return found


def versions(
    session: ReadSession,
    actor: Actor,
    *,
    model_id: str | None = None,
    before: str | None = None,
    limit: int = PAGE,
) -> Sequence[ModelVersion]:
    """Return versions, the newest first."""
    actor.require(Permission.REGISTRY_READ)
    return repository.versions(session, actor, model_id=model_id, before=before, limit=limit)


def version(session: ReadSession, actor: Actor, version_id: str) -> ModelVersion:
    actor.require(Permission.REGISTRY_READ)
    found = repository.version(session, actor, version_id)
    if found is None:
        raise UnknownVersion("No version has this id, or it belongs to another supplier.")
    return found


def version_by_digest(session: ReadSession, actor: Actor, digest: str) -> ModelVersion:
    actor.require(Permission.REGISTRY_READ)
    found = repository.version_by_digest(session, actor, digest)
    if found is None:
        raise UnknownVersion("No version has this digest, or it belongs to another supplier.")
    return found


def model_by_reference(session: ReadSession, actor: Actor, reference: str) -> Model | None:
    """Find a model by its supplier's code and its name, such as `ACME/cxr-pneumonia`."""
    code, _, name = reference.partition("/")
    supplier = identity.organisation_by_code(session, code)
    found = repository.model_of(session, supplier.id, name) if supplier else None
    return repository.model(session, actor, found.id) if found else None


def version_named(session: ReadSession, actor: Actor, reference: str) -> ModelVersion:
    """Find a version by its id, as `cxr-pneumonia@1.0.0` or as `ACME/cxr-pneumonia@1.0.0`."""
    actor.require(Permission.REGISTRY_READ)
    name, is_pair, label = reference.partition("@")
    if not is_pair:
        return version(session, actor, reference)
    named = (
        [model_by_reference(session, actor, name)]
        if "/" in name
        else repository.models_named(session, actor, name)
    )
    found = [v for m in named if m and (v := repository.version_of(session, m.id, label))]
    if len(found) > 1:
        fault = Fault("version", "more than one supplier has it", f"Write CODE/{reference}")
        raise Invalid.because([fault])
    if not found:
        raise UnknownVersion(f"There is no {reference[:120]}.")
    return found[0]


def manifest(version: ModelVersion) -> Manifest:
    """Return the manifest that the version was submitted with."""
    return Manifest.model_validate(version.manifest)


def package(objects: ObjectStore, version: ModelVersion) -> ModelPackage:
    """Open the package that the version is."""
    return ModelPackage.from_zip(objects.get(version.digest))


def _manifest_of(archive: bytes) -> Manifest:
    package = ModelPackage.from_zip(archive)
    faults = missing(package.files)
    if faults:
        raise Invalid.because(faults)
    return package.manifest


def _organisation(session: ReadSession, actor: Actor, manifest: Manifest) -> Organisation:
    """Return whose version it is: the supplier that the manifest names, and no other's."""
    named = identity.organisation_by_code(session, manifest.model.supplier)
    is_own = actor.supplier_id is None or (named is not None and named.id == actor.supplier_id)
    if named is None or named.kind is not OrganisationKind.SUPPLIER or not is_own:
        problem = "not your organisation's code" if actor.supplier_id else "no supplier's code"
        fault = Fault(f"{MANIFEST}:model.supplier", problem, "Write the supplier's code")
        raise ForeignSupplier.because([fault])
    return named


def _same(known: ModelVersion, digest: str) -> ModelVersion:
    if known.digest != digest:
        raise VersionTaken(
            f"Version {known.version} was submitted with other contents. Give this one a new label."
        )
    return known


def _new_model(session: WriteSession, organisation: Organisation, manifest: Manifest) -> Model:
    model = Model(
        id=session.new_id("mdl"),
        organisation_id=organisation.id,
        name=manifest.model.name,
        title=manifest.model.name.replace("-", " "),
    )
    session.add(model)
    session.flush()
    return model
