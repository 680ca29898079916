"""Take in versions, find them, and move them from one status to the next.

What was handed over is kept byte for byte under its digest. The same bytes again are the same
version; other bytes under the same label are refused: a version never changes (design invariant 4).
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import IntegrityError

from model_registry.packages.archive import ModelPackage
from model_registry.packages.layout import MANIFEST
from model_registry.packages.manifest import Manifest, preprocessing_digest
from model_registry.versions import aliases, contents, repository
from model_registry.versions.errors import (
    ForeignSupplier,
    UnknownModel,
    UnknownVersion,
    VersionTaken,
)
from model_registry.versions.events import VersionWithdrawn
from model_registry.versions.handover import Handover
from model_registry.versions.models import Model, ModelVersion, VersionChange, VersionStatus
from model_registry.versions.transitions import check_person, transition
from vigil.kernel.audit import service as audit
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.events import Events
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor, is_system
from vigil.kernel.identity.discretion import without_words
from vigil.kernel.identity.models import Organisation, OrganisationKind
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore

ADMIT: Final = "versions.admit"
PAGE: Final = 50
_WORDS: Final = ("by", "by_label", "reason")


def submit(
    session: WriteSession,
    actor: Actor,
    *,
    objects: ObjectStore,
    handover: Handover,
    reason: str = "submitted",
) -> ModelVersion:
    """Take in a package and return its version, which admission then checks.

    `prepare` stores it before the transaction begins; what is not stored by then is stored here.

    Raises:
        ForeignSupplier: the manifest names another organisation.
        VersionTaken: the label stands for other bytes already.
    """
    known = known_as(session, actor, handover)
    if known is not None:
        return known
    manifest, digest = handover.manifest, handover.digest
    organisation = _organisation(session, actor, manifest)
    model = repository.model_of(session, organisation.id, manifest.model.name)
    model = model or _new_model(session, organisation, manifest)
    aliases.refuse_label(session, model, manifest.model.version)
    if not handover.is_stored(objects):
        handover.store(objects)
    version = ModelVersion(
        id=session.new_id("ver"),
        model_id=model.id,
        organisation_id=organisation.id,
        version=manifest.model.version,
        digest=digest,
        size=len(handover.archive),
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
    contents.keep(session, version, handover)
    _note(session, actor, version, reason)
    facts = {"digest": digest, "model": model.name, "label": version.version}
    audit.record(session, actor, "supplier:version:submit", version.id, reason, **facts)
    return version


def known_as(session: ReadSession, actor: Actor, handover: Handover) -> ModelVersion | None:
    """Return the version that these bytes are already; None where the label is free.

    Raises:
        ForeignSupplier: the manifest names another organisation.
        VersionTaken: the label stands for other bytes already.
    """
    actor.require(Permission.VERSION_SUBMIT)
    facts = handover.manifest.model
    organisation = _organisation(session, actor, handover.manifest)
    model = repository.model_of(session, organisation.id, facts.name)
    known = repository.version_of(session, model.id, facts.version) if model else None
    return None if known is None else _same(known, handover.digest)


def prepare(database: Database, objects: ObjectStore, actor: Actor, archive: bytes) -> Handover:
    """Read and store what is handed over, before the turn to write begins.

    Raises:
        BrokenPackage: the archive or the manifest is not readable.
        ForeignSupplier: the manifest names another organisation; nothing is stored.
        VersionTaken: the label stands for other bytes already; nothing is stored.
    """
    actor.require(Permission.VERSION_SUBMIT)
    handover = Handover.of(archive)
    with database.read() as session:
        known = known_as(session, actor, handover)
    if known is None:
        handover.store(objects)
    return handover


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
    """Move a version to its next status; the evidence for it is the caller's to have looked at.

    Raises:
        NotAllowedNow: the status does not follow the one it has.
        Forbidden: the step is not this actor's.
    """
    found = version(session, actor, version_id)
    repository.lock(session, found)
    step = transition(found.status, status)
    check_person(actor, found, step)
    found.status = status
    session.add(found)
    session.flush()
    _note(session, actor, found, reason)
    audit.record(session, actor, f"registry:version:{status.value}", found.id, reason)
    if status in aliases.NEVER:
        aliases.end_all_of(session, actor, found, reason)
    return found


def withdraw(
    session: WriteSession, actor: Actor, *, version_id: str, reason: str, events: Events
) -> ModelVersion:
    """Take a version back, for good: its aliases end, and wherever it runs it stops."""
    found = set_status(
        session, actor, version_id=version_id, status=VersionStatus.WITHDRAWN, reason=reason
    )
    events.publish(session, VersionWithdrawn(found.id, reason))
    return found


def changes(session: ReadSession, actor: Actor, version_id: str) -> Sequence[VersionChange]:
    """Return how a version came to its status, the first step first."""
    found = repository.changes(session, version(session, actor, version_id).id)
    return changes_to(session, actor, found)


def changes_to(
    session: ReadSession, actor: Actor, found: Sequence[VersionChange]
) -> Sequence[VersionChange]:
    """Return steps as the actor may read them: a supplier, its own people's words and Vigil's."""
    if actor.supplier_id is None:
        return found
    own = identity.members_among(session, actor.supplier_id, [one.by for one in found])
    return [
        one if one.by in own or is_system(one.by) else without_words(actor, one, _WORDS)
        for one in found
    ]


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


def version_held(session: WriteSession, actor: Actor, version_id: str) -> ModelVersion:
    """Return a version that keeps its status until the transaction ends.

    For whoever decides on the status. It is always the first lock: deployments come after it.
    """
    found = version(session, actor, version_id)
    repository.hold(session, found)
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


def model_named(session: ReadSession, actor: Actor, reference: str) -> Model:
    """Find a model by its id, or by its supplier's code and its name.

    Raises:
        UnknownModel: there is none for this actor.
    """
    actor.require(Permission.REGISTRY_READ)
    if "/" not in reference:
        return model(session, actor, reference)
    found = model_by_reference(session, actor, reference)
    if found is None:
        raise UnknownModel(f"There is no {reference[:120]}.")
    return found


def version_named(session: ReadSession, actor: Actor, reference: str) -> ModelVersion:
    """Find a version by its id, by model and label, or by model and alias.

    So `ver_...`, `cxr-pneumonia@1.0.0`, `ACME/cxr-pneumonia@1.0.0`, `ACME/cxr-pneumonia@champion`.
    """
    actor.require(Permission.REGISTRY_READ)
    name, is_pair, label = reference.partition("@")
    if not is_pair:
        return version(session, actor, reference)
    named = (
        [model_by_reference(session, actor, name)]
        if "/" in name
        else repository.models_named(session, actor, name)
    )
    found = [v for m in named if m and (v := _labelled(session, m, label))]
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


def _labelled(session: ReadSession, model: Model, label: str) -> ModelVersion | None:
    alias = repository.standing_alias(session, model.id, label)
    if alias is not None:
        return session.get_one(ModelVersion, alias.version_id)
    return repository.version_of(session, model.id, label)


def _note(session: WriteSession, actor: Actor, version: ModelVersion, reason: str) -> None:
    session.add(
        VersionChange(
            id=session.new_id("vch"),
            model_id=version.model_id,
            version_id=version.id,
            status=version.status,
            at=session.now(),
            by=actor.id,
            by_label=actor.label,
            reason=reason,
        )
    )
    session.flush()


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
        title=_title(manifest.model.name),
    )
    session.add(model)
    session.flush()
    return model


def _title(name: str) -> str:
    words = name.replace("-", " ")
    return words[:1].upper() + words[1:]
